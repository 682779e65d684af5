"""Sizes that may change, in words: what a name in a shape stands for, its size in the example, and its bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotlens.model.sizes import NamedSize, named_sizes, sizes_in
from aotlens_tracer.wire.descriptor_map import Graph, Input, Output, Slot, Subclass

from .blocks import Code, Line, codes, line

FEW = 3
"""The most sizes of inputs that one line lists."""


def bounds_in_words(size: NamedSize) -> str:
    """`2 to 64`, `at least 2`; `differs by row` for the ragged dimension of a jagged tensor; empty without bounds."""
    if size.is_ragged:
        return "differs by row"
    low, high = size.minimum, size.maximum
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else ""


def sources_in_brief(sources: Sequence[str]) -> list[str]:
    """Return the first of the sizes that a name stands for, and the number of the others."""
    more = len(sources) - FEW
    return [*sources[:FEW], *([f"{more} more"] if more > 0 else [])]


def size_in_words(size: NamedSize) -> Line:
    """`batch` is `x.size(0)`, 6 here, 2 to 64."""
    what = line(" is ", codes(size.sources[:FEW])) if size.sources else ()
    if size.is_by_data:
        what = line(" depends on data")
    parts = [f"{size.hint} here" if size.hint is not None else "", bounds_in_words(size)]
    return line(Code(size.name), what, *(f", {part}" for part in parts if part))


def shared_in_words(sizes: Sequence[NamedSize]) -> Iterator[str]:
    """One sentence for each name that the user gives to several sizes, and that only the first of them has."""
    groups: dict[str, list[str]] = {}
    for size in sizes:
        if size.shared_name is not None:
            groups.setdefault(size.shared_name, []).append(f"`{size.name}`")
    for name, others in groups.items():
        are = "is" if len(others) == 1 else "are"
        yield f"{', '.join(others)} {are} called `{name}` too, but nothing in the call makes torch take all as equal."


def sizes_in_words(slot: Slot, graph: Graph, whole: Subclass | None = None) -> list[Line]:
    """One line for each name in the shape of a slot, or in the number that it is; of a tensor subclass in its own."""
    number = slot.symbol if isinstance(slot, (Input, Output)) else None
    shape = whole.shape if whole is not None else slot.shape
    return [size_in_words(size) for size in sizes_in([*(shape or ()), number or ""], graph)]


def legend_in_words(graph: Graph) -> list[Line]:
    """One line for each name that the shapes of a graph show."""
    return [size_in_words(size) for size in named_sizes(graph)]
