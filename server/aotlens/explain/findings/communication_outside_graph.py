"""Parameters are managed across ranks by hooks that no graph has."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding
from aotlens_tracer.wire.managed_modules import Managed

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """`fully_shard` keeps a part of 4 parameters on each of 8 ranks, and what it does is in no graph."""
    reason = about.first.reason
    assert isinstance(reason, Managed)
    parameters = f"{reason.count} parameter" + ("s" if reason.count > 1 else "")
    them, their = ("them", "their") if reason.count > 1 else ("it", "its")
    if reason.function == "fully_shard":
        return (
            f"{reason.function} keeps a part of {parameters} on each of {reason.ranks} ranks. It gathers {them} for "
            f"the call and reduces {their} gradients after backward, in hooks that torch leaves to eager: the graph "
            f"takes {them} gathered, and that communication is in no graph"
        )
    return (
        f"{reason.function} keeps a copy of {parameters} on each of {reason.ranks} ranks. It averages {their} "
        "gradients in backward, in hooks that torch leaves to eager: that communication is in no graph"
    )


KIND = Kind(
    code="communication-outside-graph",
    severity="information",
    words=words,
    paragraph=(
        "`fully_shard`, `replicate` or `DistributedDataParallel` manages the parameters across ranks, in hooks. torch "
        "captures no such hook (Dynamo leaves them to eager), so the graph is that of the module between them: with "
        "`fully_shard`, it takes each parameter as it is gathered for the call. With torch.compile, call "
        "`block.compile()` before `fully_shard(block)`: each block then has a graph, and the hooks run between them."
    ),
    example=Finding("communication-outside-graph", "model.py", 12, reason=Managed("fully_shard", 24, 8)),
)
