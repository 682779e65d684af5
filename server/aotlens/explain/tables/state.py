"""Parameters and buffers as they are known without any graph: before the first map, and if a trace fails."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Paragraph, Table, line, strong
from aotlens.explain.phrases import plural
from aotlens.explain.shapes import bytes_in_words, tensor_in_brief
from aotlens.explain.sharding import PER_RANK, placements_in_words
from aotlens.model.dtypes import bytes_of
from aotlens.model.folding import fold
from aotlens_tracer.wire.descriptor_map import StateTensor


def state_rows(named: Sequence[tuple[str, StateTensor]], most: int) -> tuple[Block, ...]:
    """A table of parameters and buffers with their names, of at most `most` rows, and how many they are."""
    rows = fold(named, key=lambda item: (*_facts(item[1]),), label=lambda item: item[0])
    cells = [
        (Cell(row.label), Cell(type_of_state(row.first[1])), Cell(_kind_and_note(row.first[1]))) for row in rows[:most]
    ]
    columns = (Column("name", "name"), Column("type", "type"), Column("notes", "prose"))
    table = Table("", "", columns, tuple(cells))
    if not any(cell[2].text for cell in cells):
        table = Table("", "", columns[:2], tuple(cell[:2] for cell in cells))
    return table, Paragraph(line(total_of_state([tensor for _, tensor in named])))


def one_in_full(name: str, tensor: StateTensor, owner: str) -> Facts:
    """One parameter or buffer in a line."""
    note = note_on_state(tensor)
    title = [line(strong(tensor.kind), " ", Code(name), " of ", Code(owner)), line(Code(type_of_state(tensor)))]
    size = _bytes(tensor)
    if size is not None:
        title.append(line(f"{bytes_in_words(size)}{PER_RANK if tensor.sharding is not None else ''}"))
    return Facts((*title, *([line(note)] if note else [])))


def total_of_state(tensors: Sequence[StateTensor]) -> str:
    """`4 parameters, 1 buffer, 1.5 MiB in all`; those that are tied count once."""
    unique = list(dict.fromkeys(tensors))
    parts = []
    for kind in ("parameter", "buffer"):
        count = sum(tensor.kind == kind for tensor in unique)
        if count:
            parts.append(f"{count} {plural(kind, count)}")
    sizes = [_bytes(tensor) for tensor in unique]
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes):
        in_all = " in all" if len(unique) > 1 else ""
        rank = PER_RANK if any(tensor.sharding is not None for tensor in unique) else ""
        parts.append(f"{bytes_in_words(sum(known))}{rank}{in_all}")
    return ", ".join(parts)


def _bytes(tensor: StateTensor) -> int | None:
    """The bytes of a tensor as the traced rank has it; None if they are not known."""
    return bytes_of(tensor.dtype, tensor.shape) if tensor.type is None else tensor.bytes


def _kind_and_note(tensor: StateTensor) -> str:
    return ", ".join(filter(None, ("buffer" if tensor.kind == "buffer" else "", note_on_state(tensor))))


def _facts(tensor: StateTensor) -> tuple[object, ...]:
    kind = (tensor.kind, tensor.dtype, tensor.shape, tensor.device, tensor.type, tensor.sharding)
    return *kind, tensor.requires_grad, bool(tensor.other_names)


def type_of_state(tensor: StateTensor) -> str:
    """Its type, with its device unless that is the CPU."""
    brief = " ".join(filter(None, (tensor.type, tensor_in_brief(tensor.dtype, tensor.shape))))
    return brief if tensor.device == "cpu" else f"{brief} on {tensor.device}"


def note_on_state(tensor: StateTensor) -> str:
    """The facts beside its type: `frozen, tied to head.weight`; empty if there are none."""
    notes = [placements_in_words(tensor.sharding)] if tensor.sharding is not None else []
    notes += ["frozen"] if tensor.kind == "parameter" and not tensor.requires_grad else []
    notes += [f"tied to `{tensor.other_names[0]}`"] if tensor.other_names else []
    return ", ".join(notes)
