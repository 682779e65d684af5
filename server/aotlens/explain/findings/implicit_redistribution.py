"""DTensor communicates although no code asks it to."""

from __future__ import annotations

from aotlens.explain.collectives import change, name_of, over, short
from aotlens.explain.shapes import bytes_in_words
from aotlens_tracer.wire.descriptor_map import Mesh, Placement, Sharding
from aotlens_tracer.wire.findings import Finding, Redistributed, Redistribution, Subject

from .about import About
from .kind import Kind

_MESH = Mesh((8,), ("tp",), (0,), "cuda")
_MOST = 2
"""The most redistributions that the message lists."""


def words(about: About) -> str:
    """Each redistribution of the expression, and how to ask for it."""
    reason = about.first.reason
    assert isinstance(reason, Redistributed)
    moves = sorted(reason.moves, key=lambda move: move.is_backward)
    clauses = "; ".join(map(_clause, moves[:_MOST]))
    more = f"; and {len(moves) - _MOST} more" if len(moves) > _MOST else ""
    return f"{clauses}{more}. No code asks for it: redistribute() would say so, other placements may save it"


def _clause(move: Redistribution) -> str:
    what = move.operand or ("a gradient" if move.is_backward else "an operand")
    times = f"{move.count} × " if move.count > 1 else ""
    size = bytes_in_words(move.bytes)
    start = "in the backward pass DTensor" if move.is_backward else "DTensor"
    placements = f" ({text})" if (text := change(move)) else ""
    ranks = over(move.dimension, move.ranks)
    return (
        f"{start} redistributes {what} for {short(move.by) or 'an operation'}{placements}: "
        f"{times}{name_of(move.kind)} of {size} over {ranks}"
    )


KIND = Kind(
    code="implicit-redistribution",
    severity="information",
    words=words,
    paragraph=(
        "An operation needs an operand in other placements than the DTensor has, so that DTensor redistributes it: a "
        "collective operation that no line of the code asks for, in each call, or in each backward pass. A call of "
        "`redistribute`, `full_tensor` or `to_local`, a functional collective and the plan of `parallelize_module` ask "
        "for theirs: these are no finding. The message has the placements before and after, the operation, and the "
        "bytes that this rank gives into it. `ExplicitRedistributionContext` of torch raises an error at such a line."
    ),
    example=Finding(
        "implicit-redistribution",
        "model.py",
        31,
        subjects=(Subject("value", "x"),),
        reason=Redistributed(
            (
                Redistribution(
                    "all_gather_into_tensor",
                    65536,
                    1,
                    8,
                    "tp",
                    False,
                    "aten.mm.default",
                    Sharding(_MESH, (Placement("Shard", "Shard(dim=1)", 1),)),
                    Sharding(_MESH, (Placement("Replicate", "Replicate()"),)),
                    "x",
                ),
            )
        ),
    ),
)
