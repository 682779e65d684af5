"""Tables of graph inputs, in which repeated layers are one row, and what is left out is counted or named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from aotlens.explain.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Line,
    Paragraph,
    Table,
    codes,
    line,
    sentence,
    strong,
)
from aotlens.explain.brief import all_names, names_in_brief
from aotlens.explain.gradients import gradient_cell
from aotlens.explain.phrases import by_graph, plural
from aotlens.explain.shapes import bytes_in_words, slot_in_brief
from aotlens.explain.words import role_of as role_in_words
from aotlens.model.dtypes import bytes_of
from aotlens.model.folding import Folded, fold, unfold
from aotlens.model.gradients import OnlyInEager, Tied, is_missing
from aotlens.model.index import MapIndex
from aotlens.model.slots import Entry, is_changed, state_names
from aotlens_tracer.wire.input_roles import role_of

NO_STATE = line("No parameters, no buffers")
"""A module that has nothing of its own in the graph."""
NO_STATE_TAKEN = line("No graph of torch.compile takes a parameter or buffer of it")
"""The same under torch.compile, which leaves out what no graph reads."""


def input_rows(index: MapIndex, entries: Iterable[Entry], label: Callable[[Entry], str]) -> list[Folded[Entry]]:
    """Inputs in rows: those whose labels differ in numbers alone, and that are alike in all that is shown, are one."""
    return fold(
        entries,
        key=lambda entry: (
            role_in_words(entry.slot),
            slot_in_brief(entry.slot, entry.graph),
            gradient_cell(entry, index),
            is_changed(entry.slot),
            bool(entry.slot.tied_to),
        ),
        label=label,
    )


def input_table(rows: Sequence[Folded[Entry]], index: MapIndex, most: int) -> tuple[Block, ...]:
    """A table of inputs, of at most `most` rows.

    Below it, rows without room are counted, or named if there is something to report of them.
    """
    shown = _chosen(rows, index, most)
    notes = [", ".join(_notes(row.first, index)) for row in shown]
    columns = [Column("input", "node"), Column("name", "name"), Column("type", "type"), Column("gradient", "prose")]
    if any(notes):
        columns.append(Column("notes", "prose"))
    cells = []
    for row, note in zip(shown, notes, strict=True):
        slot = row.first.slot
        cell = (
            Cell(_nodes(row.rows, index)),
            Cell(row.label),
            Cell(slot_in_brief(slot, row.first.graph)),
            gradient_cell(row.first, index),
            Cell(note),
        )
        cells.append(cell[: len(columns)])
    rest = [row for row in rows if row not in shown]
    return Table("", "", tuple(columns), tuple(cells)), *map(Paragraph, _left_out(rest, index))


def _nodes(entries: Sequence[Entry], index: MapIndex) -> str:
    """`primals_{1..3}`; of several graphs: `primals_1 in graph 0/0, primals_4 in graph 0/1`."""
    parts = by_graph(entries, index)
    return ", ".join(f"{names_in_brief([entry.slot.node for entry in group])}{where}" for group, where in parts)


def descriptors_of(row: Folded[Entry]) -> Paragraph:
    """The exact descriptor of a row's first slot, and the number of the others."""
    more = f" and {row.count - 1} more" if row.count > 1 else ""
    return Paragraph(line(Code(row.first.slot.descriptor or ""), more))


def size_of(entries: Sequence[Entry]) -> int | None:
    """The bytes of inputs together; None if one of them is not a tensor, or its size is symbolic."""
    total = 0
    for entry in entries:
        size = bytes_of(entry.slot.dtype, entry.slot.shape)
        if size is None:
            return None
        total += size
    return total


def total_of_parameters(entries: Sequence[Entry], instances: int) -> Line:
    """The number and bytes of the parameters in `instances` modules; empty for one, or if the bytes are unknown."""
    parameters = list({name: e for e in entries if role_of(e.slot) != "buffer" for name in _names(e)}.values())
    total = size_of(parameters)
    if len(parameters) <= 1 or total is None:
        return ()
    in_all = "" if instances == 1 else " in all"
    return line(f"{len(parameters)} parameters{in_all}, {bytes_in_words(total)}")


def _names(entry: Entry) -> tuple[str, ...]:
    """The names of an input: several if its graph runs again for other modules."""
    return (entry.slot.label, *state_names(entry.slot)[1:])


def _chosen(rows: Sequence[Folded[Entry]], index: MapIndex, most: int) -> list[Folded[Entry]]:
    """The rows that a table has room for, in their order; rows with something to report go before the others."""
    if len(rows) <= most:
        return list(rows)
    notable = [row for row in rows if _is_notable(row.first, index)]
    if len(notable) > most:  # the buffers of batch norms, for instance: the line below the table names them
        notable = [row for row in notable if not is_changed(row.first.slot)][:most]
    usual = [row for row in rows if not _is_notable(row.first, index)]
    chosen = notable + usual[: most - len(notable)]
    return [row for row in rows if row in chosen]


def _is_notable(entry: Entry, index: MapIndex) -> bool:
    """Whether there is more to report of an input than that it is one: no gradient, changed in place, tied."""
    slot, gradient = entry.slot, index.gradient(entry)
    return is_missing(gradient) or isinstance(gradient, (Tied, OnlyInEager)) or is_changed(slot) or bool(slot.tied_to)


def _left_out(rows: Sequence[Folded[Entry]], index: MapIndex) -> Iterator[Line]:
    """`… and 14 more: 12 parameters with a gradient, 2 buffers`; `… and 2 buffers, changed in place: bn.{mean,var}`."""
    usual: Counter[tuple[str, str]] = Counter()
    notable: dict[tuple[Line, str], list[str]] = {}
    for row in rows:
        entry = row.first
        what, gradient = role_in_words(entry.slot), gradient_cell(entry, index).text
        if not _is_notable(entry, index):
            usual[what, gradient] += row.count
            continue
        notable.setdefault((_lead(entry, index), what), []).extend(unfold(row))
    if len(usual) == 1:
        ((what, gradient),) = usual
        yield line(f"… and {_counted(usual.total(), ' more', what, gradient)}")
    elif usual:
        parts = [_counted(count, "", what, gradient) for (what, gradient), count in usual.items()]
        yield line(f"… and {usual.total()} more: {', '.join(parts)}")
    for (lead, what), names in notable.items():
        counted = f"… and {len(names)} {plural(what, len(names))}, "
        yield line(counted, strong(lead), ": ", codes(all_names(names)))


def _lead(entry: Entry, index: MapIndex) -> Line:
    """The fact for which an input is named although the table has no room for it."""
    if is_missing(index.gradient(entry)):
        return line("no gradient")
    if isinstance(index.gradient(entry), OnlyInEager):
        return line("gradient outside of the graph")
    return sentence(", ".join(_notes(entry, index))) or line("tied to ", Code(entry.slot.tied_to[0]))


def _notes(entry: Entry, index: MapIndex) -> list[str]:
    """Facts about an input beside its gradient."""
    slot = entry.slot
    notes = ["changed in place"] if is_changed(slot) else []
    if slot.tied_to and not isinstance(index.gradient(entry), Tied):
        notes.append(f"tied to `{slot.tied_to[0]}`")
    return notes


def _counted(count: int, more: str, what: str, gradient: str) -> str:
    """`12 more parameters with a gradient`, `12 frozen parameters`."""
    noun = plural(what, count)
    noun = {"yes": f"{noun} with a gradient", "frozen": f"frozen {noun}"}.get(gradient, noun)
    return f"{count}{more} {noun}"
