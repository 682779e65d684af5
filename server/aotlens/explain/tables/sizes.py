"""The table of the names in the shapes of a graph: a legend of the sizes that may change."""

from __future__ import annotations

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.paths import PathLabel, place
from aotlens.explain.sizes import bounds_in_words, shared_in_words, sources_in_brief
from aotlens.model.sizes import NamedSize, named_sizes
from aotlens_tracer.wire.descriptor_map import Graph


def sizes(graph: Graph, path_label: PathLabel, full: bool) -> Table:
    """One row for each name that shapes show, in the order of first use. With `full`, all sizes that it stands for."""
    found = named_sizes(graph)
    columns = (
        Column("name", "name"),
        Column("size of", "name"),
        Column("here", "number"),
        Column("bounds", "prose"),
        Column("in torch's texts", "type", 1),
        Column("marked at", "place", 2),
        Column("made at", "place", 2),
    )
    by_data = sum(size.is_by_data for size in found)
    summary = f"{len(found)}, {by_data} of them by data" if by_data else str(len(found))
    rows = tuple(_row(size, path_label, full) for size in found)
    return without_empty(Table("Sizes", summary, columns, rows, tuple(shared_in_words(found))))


def _row(size: NamedSize, path_label: PathLabel, full: bool) -> tuple[Cell, ...]:
    torch = [symbol for symbol in size.symbols if symbol != size.name]
    at = place(size.definition, path_label)
    sources = size.sources if full else sources_in_brief(size.sources)
    return (
        Cell(size.name),
        Cell(", ".join(sources) or NOTHING),
        Cell(str(size.hint) if size.hint is not None else NOTHING),
        Cell(bounds_in_words(size)),
        Cell(", ".join(torch)),
        Cell(NOTHING if size.is_by_data else at),
        Cell(at if size.is_by_data else NOTHING),
    )
