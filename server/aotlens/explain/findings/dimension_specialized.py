"""A dynamic dimension becomes a constant."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, RestrictedDimension, SpecializedDimension, Subject

from .about import About
from .kind import Kind, Severity

_LEAST = 2
"""The least size that is a symbol: torch takes 0 and 1 as constants."""


def words(about: About) -> str:
    """The dimension, its size, and what follows."""
    reason = about.first.reason
    if isinstance(reason, RestrictedDimension):
        return _restricted(about.names, reason)
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
        case "direct":
            return (
                f"{names} is marked dynamic, and the graph has the constant {size}: AOTAutograd captured the call "
                "without Dynamo, which alone takes marked sizes as symbols"
            )
    return f"{names} is dynamic, and this makes it the constant {size}: another size compiles anew"


def _restricted(names: str, reason: RestrictedDimension) -> str:
    """The bounds of the mark, and the sizes that the code takes."""
    given, taken = (reason.given_minimum, reason.given_maximum), (reason.minimum, reason.maximum)
    is_narrowed = (max(given[0] or 0, _LEAST), given[1]) != taken
    condition = f"`{reason.condition}`" if reason.condition is not None else ""
    if is_narrowed:
        takes = f"this takes {_bounds(*taken)} only{f', by {condition}' if condition else ''}"
    else:
        takes = f"this holds only if {condition}" if condition else "this does not take all of these sizes"
    bounds = _bounds(*given)
    marked = f"{names} is marked dynamic{f', {bounds}' if bounds else ''}"
    return f"{marked}, and {takes}: torch.compile raises an error; give the bounds that the code takes, or no bounds"


def _bounds(low: int | None, high: int | None) -> str:
    """`2 to 64`, `at most 64` also from 0 on; empty without bounds."""
    if low and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}" if high is not None else ""


def _severity(finding: Finding) -> Severity:
    reason = finding.reason
    if isinstance(reason, RestrictedDimension):
        return "error"
    assert isinstance(reason, SpecializedDimension)
    if reason.by == "refused":
        return "error"
    return "warning" if reason.by in ("marked", "direct") else "information"


KIND = Kind(
    code="dimension-specialized",
    severity="warning",
    words=words,
    severity_of=_severity,
    paragraph=(
        "A dimension that is marked dynamic (by an option of the example, `torch._dynamo.mark_dynamic` or "
        "`maybe_mark_dynamic`), or any dimension with `--dynamic` under the compile convention, becomes a constant at "
        "that line: a comparison with a number, an `assert`, `int(x.shape[0])`, a reshape or a sum with a fixed size. "
        "It is an error if torch.compile refuses the call for it (`mark_dynamic`), and information with `--dynamic`. "
        "There, a size that a parameter or buffer has is no finding: it is the model's constant. The sizes 0 and 1 "
        "are always constants. A mark with bounds is an error too if the code takes only some of these sizes. If "
        "Dynamo does not capture the call, marks have no effect, and the sizes are constants."
    ),
    example=Finding(
        "dimension-specialized",
        "model.py",
        12,
        subjects=(Subject("value", "x.size(0)"),),
        reason=SpecializedDimension(10, "marked"),
    ),
)
