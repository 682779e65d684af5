"""Tables of graph inputs, in which repeated layers are one row, and what is left out is counted or named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

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
from aotlens.explain.input_roles import NOUNS
from aotlens.explain.phrases import by_graph, plural, tied
from aotlens.explain.shapes import bytes_in_words, slot_in_brief
from aotlens.explain.sharding import per_rank, placements_in_words, rank_bytes
from aotlens.explain.subclasses import value_in_brief
from aotlens.explain.words import role_of as role_in_words
from aotlens.model.descriptors import piece
from aotlens.model.dtypes import bytes_of
from aotlens.model.folding import Folded, fold, unfold
from aotlens.model.gradients import OnlyInEager, Tied, is_missing
from aotlens.model.index import MapIndex
from aotlens.model.slots import Entry, is_changed, state_names, whole_name
from aotlens.model.subclasses import likeness, own_bytes, shards_of
from aotlens.model.wholes import Item, Whole, inputs_of, wholes
from aotlens_tracer.wire.descriptor_map import Slot
from aotlens_tracer.wire.input_roles import role_of

NO_STATE = line("No parameters, no buffers")
"""A module that has nothing of its own in the graph."""
NO_STATE_TAKEN = line("No graph of torch.compile takes a parameter or buffer of it")
"""The same under torch.compile, which leaves out what no graph reads."""


Row = Folded[Whole[Entry]]
"""Values that the graph takes, alike but for numbers in their names; each is one input, or several if a subclass."""


def input_rows(index: MapIndex, entries: Iterable[Entry], label: Callable[[Entry], str]) -> list[Row]:
    """Inputs in rows: those whose labels differ in numbers alone, and that are alike in all that is shown, are one.

    The pieces of a tensor subclass are one value, unless some of them are not among the inputs.
    """
    return fold(
        wholes(entries),
        key=lambda value: (
            role_in_brief(value),
            _alike(value),
            gradient_cell(value.first, index),
            is_changed(value.first.slot),
            bool(value.first.slot.tied_to),
        ),
        label=lambda value: _label(value, label),
    )


def role_in_brief(value: Whole[Entry]) -> str:
    """The role of a value in a few words; that of a piece alone says that it is one."""
    if value.subclass is None:
        return role_in_words(value.first.slot)
    role = value.subclass.role or "input"
    return NOUNS.get(role, role)


def _alike(value: Whole[Entry]) -> Hashable:
    if value.subclass is not None:
        return likeness(value.subclass)
    return slot_in_brief(value.first.slot, value.first.graph)


def _label(value: Whole[Entry], label: Callable[[Entry], str]) -> str:
    """The name of a value: for a subclass that of a piece without the path to it."""
    entry = value.first
    descriptor = entry.slot.as_descriptor() if value.subclass is not None else None
    return label(entry).removesuffix(piece(descriptor)[0] if descriptor is not None else "")


def input_table(rows: Sequence[Row], index: MapIndex, most: int) -> tuple[Block, ...]:
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
        cell = (
            Cell(nodes_in_brief(inputs_of(row.rows), index)),
            Cell(row.label),
            Cell(value_in_brief(row.first)),
            gradient_cell(row.first.first, index),
            Cell(note),
        )
        cells.append(cell[: len(columns)])
    rest = [row for row in rows if row not in shown]
    return Table("", "", tuple(columns), tuple(cells)), *map(Paragraph, _left_out(rest, index))


def nodes_in_brief(entries: Sequence[Entry], index: MapIndex) -> str:
    """`primals_{1..3}`; of several graphs: `primals_1 in graph 0/0, primals_4 in graph 0/1`."""
    parts = by_graph(entries, index)
    return ", ".join(f"{names_in_brief([entry.slot.node for entry in group])}{where}" for group, where in parts)


def descriptors_of(values: Sequence[Whole[Item]]) -> Paragraph:
    """The exact descriptor of the first slot of some values, and the number of the others."""
    slots: list[Slot] = [item.slot for value in values for item in value.items if item.slot.descriptor is not None]
    more = f" and {len(slots) - 1} more" if len(slots) > 1 else ""
    return Paragraph(line(Code(slots[0].descriptor or "") if slots else "", more))


def size_of(values: Sequence[Whole[Entry]]) -> int | None:
    """The bytes of values together, as the traced rank has them; None if one is no tensor, or its size is symbolic."""
    total = 0
    for value in values:
        if value.subclass is not None:
            size = own_bytes(value.subclass.pieces)
        else:
            size = bytes_of(value.first.slot.dtype, value.first.slot.shape)
        if size is None:
            return None
        total += size
    return total


def total_of_parameters(entries: Sequence[Entry], instances: int) -> Line:
    """The number and bytes of the parameters in `instances` modules; empty for one, or if the bytes are unknown."""
    values = [value for value in wholes(entries) if role_of(value.first.slot) != "buffer"]
    parameters = list({name: value for value in values for name in _names(value)}.values())
    total = size_of(parameters)
    if len(parameters) <= 1 or total is None:
        return ()
    in_all = "" if instances == 1 else " in all"
    rank = per_rank({id(entry.graph): entry.graph for entry in entries}.values())
    return line(f"{len(parameters)} parameters{in_all}, {bytes_in_words(total)}{rank}")


def _names(value: Whole[Entry]) -> tuple[str, ...]:
    """The names of a value: several if its graph runs again for other modules."""
    return (whole_name(value.first.slot), *state_names(value.first.slot)[1:])


def _chosen(rows: Sequence[Row], index: MapIndex, most: int) -> list[Row]:
    """The rows that a table has room for, in their order; rows with something to report go before the others."""
    if len(rows) <= most:
        return list(rows)
    notable = [row for row in rows if _is_notable(row.first, index)]
    if len(notable) > most:  # the buffers of batch norms, for instance: the line below the table names them
        notable = [row for row in notable if not is_changed(row.first.first.slot)][:most]
    usual = [row for row in rows if not _is_notable(row.first, index)]
    chosen = notable + usual[: most - len(notable)]
    return [row for row in rows if row in chosen]


def _is_notable(value: Whole[Entry], index: MapIndex) -> bool:
    """Whether there is more to report of an input than that it is one: no gradient, changed in place, tied."""
    slot, gradient = value.first.slot, index.gradient(value.first)
    return is_missing(gradient) or isinstance(gradient, (Tied, OnlyInEager)) or is_changed(slot) or bool(slot.tied_to)


def _left_out(rows: Sequence[Row], index: MapIndex) -> Iterator[Line]:
    """`… and 14 more: 12 parameters with a gradient, 2 buffers`; `… and 2 buffers, changed in place: bn.{mean,var}`."""
    usual: Counter[tuple[str, str]] = Counter()
    notable: dict[tuple[Line, str], list[str]] = {}
    for row in rows:
        value = row.first
        what, gradient = role_in_brief(value), gradient_cell(value.first, index).text
        if not _is_notable(value, index):
            usual[what, gradient] += row.count
            continue
        notable.setdefault((_lead(value, index), what), []).extend(unfold(row))
    if len(usual) == 1:
        ((what, gradient),) = usual
        yield line(f"… and {_counted(usual.total(), ' more', what, gradient)}")
    elif usual:
        parts = [_counted(count, "", what, gradient) for (what, gradient), count in usual.items()]
        yield line(f"… and {usual.total()} more: {', '.join(parts)}")
    for (lead, what), names in notable.items():
        counted = f"… and {len(names)} {plural(what, len(names))}, "
        yield line(counted, strong(lead), ": ", codes(all_names(names)))


def _lead(value: Whole[Entry], index: MapIndex) -> Line:
    """The fact for which an input is named although the table has no room for it."""
    entry = value.first
    if is_missing(index.gradient(entry)):
        return line("no gradient")
    if isinstance(index.gradient(entry), OnlyInEager):
        return line("gradient outside of the graph")
    return sentence(", ".join(_facts(entry, index))) or line(f"{tied(entry.slot)} ", Code(entry.slot.tied_to[0]))


def _notes(value: Whole[Entry], index: MapIndex) -> list[str]:
    """Facts about a value beside its gradient: how a DTensor lies on its mesh, and those of an input."""
    shards = shards_of(value.subclass) if value.subclass is not None else None
    sharded = [placements_in_words(shards.sharding), rank_bytes(shards)] if shards is not None else []
    return [*filter(None, sharded), *_facts(value.first, index)]


def _facts(entry: Entry, index: MapIndex) -> list[str]:
    """Facts about an input beside its gradient."""
    slot = entry.slot
    notes = ["changed in place"] if is_changed(slot) else []
    if slot.tied_to and not isinstance(index.gradient(entry), Tied):
        notes.append(f"{tied(slot)} `{slot.tied_to[0]}`")
    return notes


def _counted(count: int, more: str, what: str, gradient: str) -> str:
    """`12 more parameters with a gradient`, `12 frozen parameters`."""
    noun = plural(what, count)
    noun = {"yes": f"{noun} with a gradient", "frozen": f"frozen {noun}"}.get(gradient, noun)
    return f"{count}{more} {noun}"
