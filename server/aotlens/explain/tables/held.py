"""The table of storages that eager keeps alive as a whole, although the backward pass needs a part of each."""

from __future__ import annotations

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.held import advice, total_in_words
from aotlens.explain.paths import PathLabel, place
from aotlens.explain.shapes import bytes_in_words
from aotlens_tracer.wire.descriptor_map import EagerMemory

from .rows import fold_rows


def held(memory: EagerMemory, path_label: PathLabel, full: bool) -> Table:
    """One row for each storage, the largest surplus first."""
    rows = fold_rows(
        memory.partly,
        label=lambda storage: storage.label,
        shown=lambda storage: (
            storage.bytes,
            storage.needed,
            place(storage.source, path_label),
            tuple((view.label, place(view.source, path_label), view.is_inside) for view in storage.views),
            storage.returned,
        ),
        full=full,
    )
    body = []
    for row in rows:
        first = row.first
        views = ", ".join(f"{view.label} at {place(view.source, path_label)}" for view in first.views)
        body.append(
            (
                Cell(bytes_in_words(first.bytes * row.count)),
                Cell(bytes_in_words(first.needed * row.count)),
                Cell(f"×{row.count}" if row.count > 1 else ""),
                Cell(row.label or NOTHING),
                Cell(place(first.source, path_label)),
                Cell(f"kept alive by {views}" if views else ""),
                Cell(advice(first)),
            )
        )
    columns = (
        Column("bytes", "number"),
        Column("needed", "number"),
        Column("", "number"),
        Column("memory of", "name"),
        Column("line", "place", 1),
        Column("held by", "note", 2),
        Column("advice", "note", 2),
    )
    notes = (
        "Without torch.compile: a saved view keeps all memory alive that it lies in.",
        f"Seen on {memory.on} tensors.",
    )
    title = "Kept alive in eager by views"
    return without_empty(Table(title, total_in_words(memory), columns, tuple(body), (" ".join(notes),)))
