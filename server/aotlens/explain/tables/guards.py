"""The table of the conditions for which torch.compile compiled a graph."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import Cell, Column, Table, without_empty
from aotlens.explain.guards import guard_in_words
from aotlens.explain.paths import PathLabel, position
from aotlens_tracer.wire.compiled import Guard


def guard_table(guards: Sequence[Guard], path_label: PathLabel) -> Table:
    """The guards, those that may fail in ordinary use first."""
    rows = []
    for guard in guards:
        span = guard.span
        where = position(span.path, span.line, None, path_label) if span is not None else ""
        rows.append(
            (
                Cell(guard_in_words(guard)),
                Cell(where, to=span),
                Cell("in a library that the line calls" if guard.by_library else ""),
            )
        )
    columns = (
        Column("condition", "name"),
        Column("needed at", "place", 1),
        Column("notes", "note", 2),
    )
    hints = dict.fromkeys(guard.hint for guard in guards if guard.hint is not None)
    notes = (
        "If one of these fails, torch.compile compiles the code anew.",
        *(f"Torch's advice: {hint}" for hint in hints),
    )
    return without_empty(Table("Compiled for", str(len(guards)), columns, tuple(rows), notes))
