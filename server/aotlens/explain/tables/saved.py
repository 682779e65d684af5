"""The table of the values that the forward pass saves for backward."""

from __future__ import annotations

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.brief import names_in_brief
from aotlens.explain.kernels import kernels_in_words
from aotlens.explain.partitioners import choice_in_words
from aotlens.explain.paths import PathLabel, place
from aotlens.explain.shapes import bytes_in_words, saved_in_brief
from aotlens.explain.sharding import per_rank
from aotlens.model.index import MapIndex
from aotlens.model.saved import kept_by
from aotlens_tracer.wire.descriptor_map import Graph

from .rows import counted, fold_rows, node_cell


def saved(index: MapIndex, graph: Graph, path_label: PathLabel, full: bool) -> Table:
    """The saved values, largest first; without `full`, aliases are counted."""
    values = graph.saved or ()
    aliases = [value for value in values if value.alias_of is not None]
    own = [value for value in values if value.alias_of is None]
    total = sum(value.bytes or 0 for value in own)
    rows = fold_rows(
        values if full else own,
        label=lambda value: value.label,
        shown=lambda value: (
            value.kind,
            value.bytes,
            saved_in_brief(value),
            place(value.source, path_label),
            value.alias_of is not None,
        ),
        full=full,
    )
    # Aliases come last because they cost nothing.
    rows.sort(key=lambda row: (row.first.alias_of is not None, -sum(value.bytes or 0 for value in row.rows)))
    body = []
    for folded in rows:
        members, first = folded.rows, folded.first
        alias = first.alias_of is not None
        cost = None if first.bytes is None else sum(value.bytes or 0 for value in members)
        body.append(
            (
                Cell(f"alias of {names_in_brief([v.alias_of for v in members])}", "dim", "alias")
                if alias
                else Cell(bytes_in_words(cost)),
                Cell(f"×{folded.count}" if folded.count > 1 else ""),
                Cell(folded.label or NOTHING),
                Cell(saved_in_brief(first)),
                Cell(place(first.source, path_label)),
                node_cell([value.node for value in members]),
            )
        )
    summary = f"{counted(len(own), 'value')}, {bytes_in_words(total)}{per_rank([graph])}"
    unknown = sum(value.bytes is None for value in own)
    notes = []
    if unknown:
        notes.append(f"{counted(unknown, 'value')} of unknown size or no tensor: not in the sum.")
    if aliases:
        notes.append(
            "1 more saved value is an alias of a graph input or of another saved value: no memory of its own, not "
            "counted."
            if len(aliases) == 1
            else f"{len(aliases)} more saved values are aliases of graph inputs or of other saved values: no memory of "
            "their own, not counted."
        )
    if names := kept_by(index, graph):
        those = "It is" if len(names) == 1 else "They are"
        notes.append(
            f"Of these, an earlier graph computes {', '.join(names)}. {those} kept alive for this graph alone, and "
            "counted in the sum over all graphs."
        )
    if own:
        notes.append(choice_in_words(graph))
    notes += kernels_in_words(index, graph)
    columns = (
        Column("bytes", "number"),
        Column("", "number"),
        Column("value", "name"),
        Column("type", "type"),
        Column("line", "place", 1),
        Column("node", "node", 2),
    )
    return without_empty(Table("Saved for backward", summary, columns, tuple(body), tuple(notes)))
