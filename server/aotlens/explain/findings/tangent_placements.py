"""Torch.compile redistributes a gradient between two graphs, because AOTAutograd assumed other placements."""

from __future__ import annotations

from aotlens.explain.collectives import transfers_in_words
from aotlens.explain.sharding import placements_in_words
from aotlens_tracer.wire.findings import Finding, Subject, TangentPlacements
from aotlens_tracer.wire.subclasses import Mesh, Placement, Sharding, Transfer

from .about import About
from .kind import Kind

_MESH = Mesh((8,), ("tp",), (0,), "cuda")


def words(about: About) -> str:
    """The placements that were assumed, those that come, and the collective operations between them."""
    reason = about.first.reason
    assert isinstance(reason, TangentPlacements)
    return (
        f"AOTAutograd assumes that the gradient of {about.names} is {placements_in_words(reason.assumed)}, and the "
        f"next graph gives {placements_in_words(reason.handed)}: in its backward pass, torch.compile runs "
        f"{transfers_in_words(reason.transfers)}, which eager does not"
    )


KIND = Kind(
    code="tangent-placements",
    severity="information",
    words=words,
    paragraph=(
        "Under the compile convention: a graph ends at a graph break and returns a DTensor. AOTAutograd assumes that "
        "its gradient has the placements of the output (`Replicate()` for a partial sum), but the next graph gives one "
        "with others. Torch redistributes it at run time, in each backward pass. Without the graph break, nothing is "
        "assumed; `redistribute` before the break chooses the placements."
    ),
    example=Finding(
        "tangent-placements",
        "model.py",
        21,
        subjects=(Subject("output", "h"),),
        reason=TangentPlacements(
            Sharding(_MESH, (Placement("Replicate", "Replicate()"),)),
            Sharding(_MESH, (Placement("Partial", "Partial(sum)", None, "sum"),)),
            (Transfer("all_reduce", 65536, 8, "tp"),),
        ),
        outputs=(0, 1),
    ),
)
