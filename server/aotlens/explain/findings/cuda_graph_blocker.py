"""Something keeps a graph, or a part of it, out of CUDA graphs."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, NoCudaGraph, Subject

from .about import About
from .kind import Kind, Severity

_SKIPPED = "reduce-overhead uses no CUDA graph for this graph"
_SPLIT = "reduce-overhead leaves it out of the CUDA graph, which is recorded in parts around it"


def words(about: About) -> str:
    """The thing, and what torch.compile does with it in the mode that records CUDA graphs."""
    reason = about.first.reason
    assert isinstance(reason, NoCudaGraph)
    name, names = f"`{about.first.subjects[0].name}`", about.names
    match reason.cause:
        case "changed-input":
            return f"{names} is changed in place, and is no parameter or buffer: {_SKIPPED}"
        case "branch":
            return f"torch.cond chooses its branch on the CPU: {_SKIPPED}"
        case "loop":
            return f"while_loop asks on the CPU whether it goes on: {_SPLIT}"
        case "random":
            return f"{name} has no device, and draws on the CPU also if the model is on a GPU: {_SPLIT}"
        case "list-index":
            return f"{name} has no device, and makes an index on the CPU also if the model is on a GPU: {_SPLIT}"
        case "cpu":
            return f"{name} is on the CPU: {_SPLIT}"
        case "attribute":
            return f"{names} is a plain attribute, which stays on the CPU if the model is moved to a GPU: {_SPLIT}"
        case "kept-result":
            return (
                f"{names} becomes a result of this call, and the next call reads it: with reduce-overhead that is an "
                f"error, because a CUDA graph writes its results to the same memory again; keep it in a buffer that is "
                f"changed in place, or keep a clone that is made outside"
            )
    return f"no CUDA graph can record {name}: {_SPLIT}"


def _severity(finding: Finding) -> Severity:
    reason = finding.reason
    assert isinstance(reason, NoCudaGraph)
    return "hint" if reason.effect == "split" else "information"


KIND = Kind(
    code="cuda-graph-blocker",
    severity="information",
    words=words,
    severity_of=_severity,
    paragraph=(
        'Only under the compile convention, and only of interest with `mode="reduce-overhead"` on a GPU: what keeps a '
        "graph out of CUDA graphs (an argument that is changed in place, `torch.cond`), what splits it into parts (a "
        "hint: CPU tensors, operations that torch cannot record), or what makes the second call fail (a result that is "
        "kept and read again). Parameters, buffers and tensor attributes of modules may change in place. Tensors that "
        "are made without a device (`torch.arange`) are no finding: torch.compile makes them on the GPU."
    ),
    example=Finding(
        "cuda-graph-blocker",
        "model.py",
        12,
        subjects=(Subject("value", "cache"),),
        reason=NoCudaGraph("changed-input", "skipped"),
    ),
)
