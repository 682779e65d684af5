"""The values that a statement saves for the backward pass, in a sentence or a short table."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Note, Paragraph, Table, line, sentence, strong
from aotlens.explain.brief import names_in_brief
from aotlens.explain.kernels import kernels_of_values
from aotlens.explain.partitioners import for_backward
from aotlens.explain.shapes import bytes_in_words, saved_in_brief
from aotlens.explain.sharding import per_rank
from aotlens.explain.shortening import clipped
from aotlens.model.folding import fold
from aotlens.model.index import index_of
from aotlens.model.snapshot import TargetState
from aotlens_tracer.wire.descriptor_map import Saved


def saved_values(saved: Sequence[Saved], state: TargetState, instances: int, most: int) -> tuple[Block, ...]:
    """Saved values, largest first: one in a sentence, several in a table of at most `most` rows."""
    rows = fold(
        saved, key=lambda value: (value.bytes, value.dtype, value.shape), label=lambda value: clipped(value.label)
    )
    rows.sort(key=lambda row: -_bytes(row.rows))
    kept = for_backward(*state.map.graphs) if state.map is not None else "for backward"
    rank = per_rank(state.map.graphs) if state.map is not None else ""
    title = [line(strong(f"saves {bytes_in_words(_bytes(saved))}{rank} {kept}"), " in ", Code(state.key.qualname))]
    if instances > 1:
        title.append(line(f"{instances} instances"))
    if len(rows) > most:
        title.append(line(f"{len(saved)} values, the largest:"))
    head = Facts(tuple(title))
    noun = "node" if _has_nodes(saved) else "kept by"
    index = index_of(state.map) if state.map is not None else None
    notes = tuple(Note(sentence(text)) for text in kernels_of_values(index, saved)) if index is not None else ()
    if len(rows) == 1:
        row = rows[0]
        times = f"{row.count} × " if row.count > 1 else ""
        what = line(times, Code(saved_in_brief(row.first)), " ", Code(row.label))
        return head, Paragraph(line(what, f", {noun} ", sentence(_keepers(row.rows)))), *notes
    cells = tuple(
        (
            Cell(bytes_in_words(_bytes(row.rows))),
            Cell(f"×{row.count}" if row.count > 1 else ""),
            Cell(saved_in_brief(row.first)),
            Cell(row.label),
            Cell(_keepers(row.rows)),
        )
        for row in rows[:most]
    )
    columns = (
        Column("bytes", "number"),
        Column("", "number"),
        Column("type", "type"),
        Column("value", "name"),
        Column(noun, "prose"),
    )
    return head, Table("", "", columns, cells), *notes


def _bytes(saved: Sequence[Saved]) -> int:
    return sum(value.bytes or 0 for value in saved)


def _has_nodes(saved: Sequence[Saved]) -> bool:
    """Whether the values are nodes of a graph; in eager, autograd nodes keep them."""
    return any(value.node is not None for value in saved)


def _keepers(saved: Sequence[Saved]) -> str:
    """The nodes that saved values are; in eager, the kinds of autograd nodes that keep them."""
    if _has_nodes(saved):
        return f"`{names_in_brief([value.node for value in saved])}`"
    kinds = dict.fromkeys(name.partition(".")[0] for value in saved for name in value.read_by)
    return ", ".join(f"`{kind}`" for kind in kinds) or "autograd nodes that torch does not name"
