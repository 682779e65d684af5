"""DTensors in words: their placements on the dimensions of a mesh, their local shape, and bytes per rank."""

from __future__ import annotations

from collections.abc import Iterable

from aotlens.model.subclasses import Sharded, is_sharded
from aotlens_tracer.wire.descriptor_map import Graph, Placement, Sharding

from .shapes import bytes_in_words, mesh_in_words, tensor_in_brief

PER_RANK = " per rank"
"""Stands behind a number of bytes if the graph is that of one rank of many."""


def per_rank(graphs: Iterable[Graph]) -> str:
    """Stands behind the bytes of all values of some graphs: empty if these are not those of one rank."""
    return PER_RANK if is_sharded(graphs) else ""


def placements_in_words(sharding: Sharding) -> str:
    """`Replicate() on dp, Shard(1) on tp`; a dimension without a name has its number."""
    names = sharding.mesh.names or tuple(f"mesh dimension {number}" for number in range(len(sharding.placements)))
    if len(sharding.placements) == 1 and sharding.mesh.names is None:
        return f"{placement_in_brief(sharding.placements[0])} on {mesh_in_words(sharding.mesh)} ranks"
    return ", ".join(
        f"{placement_in_brief(placement)} on {name}"
        for placement, name in zip(sharding.placements, names, strict=False)
    )


def placements_at_a_glance(sharding: Sharding) -> str:
    """`(R, S(1))`, as torch itself writes placements where there is little room."""
    return f"({', '.join(map(_letter, sharding.placements))})"


def _letter(placement: Placement) -> str:
    if placement.kind == "Shard" and placement.dimension is not None:
        return f"S({placement.dimension})"
    if placement.kind == "Partial" and placement.reduction is not None:
        return f"P({placement.reduction})"
    return "R" if placement.kind == "Replicate" else placement.text


def placement_in_brief(placement: Placement) -> str:
    """A placement as code writes it: `Shard(0)`, `Replicate()`, `Partial("sum")`; others as torch prints them.

    A sum that is masked too, as that of a sharded embedding, is `_MaskPartial("sum")`.
    """
    if placement.kind == "Shard" and placement.dimension is not None:
        return f"Shard({placement.dimension})"
    if placement.kind in ("Partial", "_MaskPartial") and placement.reduction is not None:
        return f'{placement.kind}("{placement.reduction}")'
    return "Replicate()" if placement.kind == "Replicate" else placement.text


def sharded_in_words(shards: Sharded) -> str:
    """`of f32[16, 16], Replicate() on dp, Shard(1) on tp, 256 B of 1.0 KiB per rank`: stands behind the local type."""
    whole = tensor_in_brief(shards.dtype, shards.shape)
    parts = [f"of {whole}" if shards.shape is not None else "", placements_in_words(shards.sharding)]
    return ", ".join(filter(None, [*parts, rank_bytes(shards)]))


def rank_bytes(shards: Sharded) -> str:
    """`256 B of 1.0 KiB per rank`, `1.0 KiB per rank` if each rank has the whole; empty if it is not known."""
    if shards.local_bytes is None:
        return ""
    whole = "" if shards.bytes in (None, shards.local_bytes) else f" of {bytes_in_words(shards.bytes)}"
    return f"{bytes_in_words(shards.local_bytes)}{whole}{PER_RANK}"
