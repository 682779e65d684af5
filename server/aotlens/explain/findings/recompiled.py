"""A function that torch.compile compiles anew."""

from __future__ import annotations

from aotlens.explain.guards import condition_in_words
from aotlens_tracer.wire.findings import Finding, Recompiled, Subject

from .about import About
from .kind import Kind, Severity


def words(about: About) -> str:
    """The function, when it is compiled anew, and the value that differs."""
    reason = about.first.reason
    assert isinstance(reason, Recompiled)
    function = f"`{reason.function}`" if reason.function else "the function"
    names, compiled_for = about.names, condition_in_words(reason.condition)
    hint = f". Torch's advice: {reason.hint}" if reason.hint else ""
    limit = f"{reason.limit} compilations"
    match reason.when:
        case "each-call":
            text = f"each call compiles {function} anew, because it changes {names} (compiled for `{compiled_for}`)"
            return f"{text}: after {limit} it is left to eager{hint}"
        case "next-call":
            return f"the second call compiles {function} once more: the first one changes {names}"
    text = f"{function} is compiled anew for each module whose {names} differs (the first has `{compiled_for}`)"
    return f"{text}: after {limit} it is left to eager, which happens here{hint}" if reason.is_reached else text


def _severity(finding: Finding) -> Severity:
    reason = finding.reason
    assert isinstance(reason, Recompiled)
    if reason.when == "each-call" or reason.is_reached:
        return "warning"
    return "hint" if reason.when == "next-call" else "information"


KIND = Kind(
    code="recompiled",
    severity="warning",
    words=words,
    severity_of=_severity,
    paragraph=(
        "Only under the compile convention: torch.compile compiles a function anew, because a value for which it was "
        "compiled is another one. The call was made again, and torch's own check failed. It is a warning if each call "
        "changes the value (a counter of steps), or if torch's limit is reached in one call (a graph break in a layer "
        "that reads its own index); information if a few modules differ in the value; and a hint if the first call "
        "alone changes it (a cache that is filled once). The place is the line that reads the value. What the caller "
        "passes is no finding."
    ),
    example=Finding(
        "recompiled",
        "model.py",
        14,
        subjects=(Subject("value", "self.step"),),
        reason=Recompiled("each-call", "L['self'].step == 0", "Net.forward", 8),
    ),
)
