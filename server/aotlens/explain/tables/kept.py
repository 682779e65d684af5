"""The table of the state that the call keeps."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.kept_state import KEPT, fate_in_words, fold_kept, graph_in_brief, type_of_kept
from aotlens.explain.paths import PathLabel, place
from aotlens.model.folding import Folded, unfolded
from aotlens_tracer.wire.eager_run import KeptState


def kept_table(kept: Sequence[KeptState], path_label: PathLabel, full: bool = False) -> list[Table]:
    """The kept tensors, those of repeated layers in one row unless `full`; no table if there are none."""
    if not kept:
        return []
    rows = unfolded(kept, lambda each: each.written) if full else fold_kept(kept)
    columns = (
        Column("state", "name"),
        Column("type", "type", 2),
        Column("place", "place", 1),
        Column("graph leads back to", "prose", 0, "graph"),
        Column("notes", "note"),
    )
    return [
        without_empty(
            Table("State that the call keeps", str(len(kept)), columns, tuple(_row(row, path_label) for row in rows))
        )
    ]


def _row(row: Folded[KeptState], path_label: PathLabel) -> tuple[Cell, ...]:
    first = row.first
    is_notable = first.carries_graph and first.fate in ("read", "grows")
    notes = [KEPT[first.change]] if first.change != "new" else []
    notes += filter(None, [fate_in_words(first)])
    return (
        Cell(row.label),
        Cell(type_of_kept(first)),
        Cell(place(first.place, path_label), to=first.place),
        Cell(graph_in_brief(row.rows) if first.carries_graph else NOTHING),
        Cell(", ".join(notes), "warn" if is_notable else ""),
    )
