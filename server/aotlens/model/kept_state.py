"""The state that the call keeps, by name and by line."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aotlens_tracer.wire.eager_run import KeptState

from .index import MapIndex


def kept_below(index: MapIndex, names: Collection[str]) -> list[KeptState]:
    """The kept tensors that have one of these names, or are in a thing that has it: `state[0]` for `state`."""
    return [
        kept
        for kept in index.kept
        if kept.kind not in ("global", "closure")
        and any(kept.name == name or kept.name.startswith((f"{name}[", f"{name}.")) for name in names)
    ]


def kept_at(index: MapIndex, path: str, lines: Sequence[int]) -> list[KeptState]:
    """The tensors that a statement on these lines of a file keeps. A change in place counts if it gives a graph."""
    return [
        kept
        for kept in index.kept
        if kept.place is not None
        and kept.place.path == path
        and kept.place.line in lines
        and (kept.change != "in-place" or kept.carries_graph)
    ]


def is_replaced(index: MapIndex, name: str) -> bool:
    """Whether the call gives a buffer a new tensor."""
    return any(kept.kind == "buffer" and kept.change == "new" and kept.name == name for kept in index.kept)
