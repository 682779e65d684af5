"""Rankings by bytes: their first rows, shares of the whole, and modules by the bytes of all that is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from aotlens.explain.blocks import Cell, Column, Table
from aotlens.explain.shapes import bytes_in_words
from aotlens.model.folding import fold

_MOST = 20
"""The most rows of a ranking without `full`."""


def by_module(
    title: str,
    summary: str,
    noun: str,
    sized: Iterable[tuple[str | None, int]],
    containers: Collection[str],
    full: bool,
) -> Table:
    """One row for each module, with the bytes and the number of what it and the modules in it have.

    `sized` has the innermost module of each thing, and its bytes. Repeated layers are one row, and `containers` none.
    """
    bytes_in: Counter[str] = Counter()
    number_in: Counter[str] = Counter()
    total = 0
    for path, size in sized:
        total += size
        steps = path.split(".") if path else []
        for count in range(1, len(steps) + 1):
            name = ".".join(steps[:count])
            if name not in containers:
                bytes_in[name] += size
                number_in[name] += 1
    rows = fold(list(bytes_in), key=lambda name: (bytes_in[name], number_in[name]), label=lambda name: name)
    rows.sort(key=lambda row: (-sum(bytes_in[name] for name in row.rows), row.label))
    cells = [
        (
            Cell(bytes_in_words(sum(bytes_in[name] for name in row.rows))),
            Cell(share(sum(bytes_in[name] for name in row.rows), total)),
            Cell(f"×{row.count}" if row.count > 1 else ""),
            Cell(row.label),
            Cell(str(sum(number_in[name] for name in row.rows))),
        )
        for row in rows
    ]
    columns = (
        Column("bytes", "number"),
        Column("share", "number"),
        Column("", "number"),
        Column("module, with all in it", "name"),
        Column(noun, "number", 1),
    )
    return ranked(title, summary, columns, cells, full)


def ranked(
    title: str, summary: str, columns: tuple[Column, ...], rows: Sequence[tuple[Cell, ...]], full: bool
) -> Table:
    """The table of a ranking; without `full`, of its first rows and the number of the others."""
    shown = rows if full else rows[:_MOST]
    left = len(rows) - len(shown)
    notes = (f"{left} more row{'s' if left != 1 else ''}: --full shows all.",) if left else ()
    return Table(title, summary, columns, tuple(shown), notes)


def share(part: int, total: int) -> str:
    """`12 %`, `<1 %`; a dash for a share of nothing."""
    if not total:
        return "—"
    return f"{100 * part / total:.0f} %" if part * 200 >= total or not part else "<1 %"
