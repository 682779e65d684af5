"""A dynamic dimension becomes a constant."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, SpecializedDimension, Subject

from .about import About
from .kind import Kind, Severity


def words(about: About) -> str:
    """The dimension, its size, and what follows."""
    reason = about.first.reason
    assert isinstance(reason, SpecializedDimension)
    names, size = about.names, reason.size
    match reason.by:
        case "refused":
            return (
                f"{names} is marked dynamic, and this makes it the constant {size}: torch.compile raises an error; "
                "remove what compares or fixes the size, or use maybe_mark_dynamic"
            )
        case "marked":
            return f"{names} is marked dynamic, and this makes it the constant {size}: another size compiles anew"
        case "zero-or-one":
            return f"{names} is marked dynamic, and is {size} in this call: torch.compile takes 0 and 1 as constants"
    return f"{names} is dynamic, and this makes it the constant {size}: another size compiles anew"


def _severity(finding: Finding) -> Severity:
    reason = finding.reason
    assert isinstance(reason, SpecializedDimension)
    if reason.by == "refused":
        return "error"
    return "warning" if reason.by == "marked" else "information"


KIND = Kind(
    code="dimension-specialized",
    severity="warning",
    words=words,
    severity_of=_severity,
    paragraph=(
        "Only under the compile convention: a dimension that is marked dynamic (`torch._dynamo.mark_dynamic`, "
        "`maybe_mark_dynamic`), or any dimension with `--dynamic`, becomes a constant at that line: a comparison with "
        "a number, an `assert`, `int(x.shape[0])`, a reshape or a sum with a fixed size. It is an error if "
        "torch.compile refuses the call for it (`mark_dynamic`), and information with `--dynamic`. There, a size that "
        "a parameter or buffer has is no finding: it is the model's constant. The sizes 0 and 1 are always constants."
    ),
    example=Finding(
        "dimension-specialized",
        "model.py",
        12,
        subjects=(Subject("value", "x.size(0)"),),
        reason=SpecializedDimension(10, "marked"),
    ),
)
