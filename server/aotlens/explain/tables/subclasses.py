"""The table of tensor subclasses: each as a tree of its pieces, with the slots of the graph that these are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.shapes import slot_in_brief
from aotlens.explain.subclasses import facts_of, piece_in_brief, subclass_in_brief
from aotlens.model.subclasses import likeness, slot_of
from aotlens_tracer.wire.descriptor_map import Graph, Piece, Subclass

from .rows import fold_rows, node_cell

Row = tuple[Cell, ...]


def subclasses(graph: Graph, full: bool) -> Table:
    """Each subclass that the graph takes or returns in pieces; repeated ones are folded unless `full`.

    With `full`, each piece has its exact descriptor.
    """
    body: list[Row] = []
    for folded in fold_rows(graph.subclasses, label=lambda each: each.label, shown=likeness, full=full):
        facts = "; ".join(filter(None, facts_of(folded.first)))
        body.append((Cell(folded.label or NOTHING), Cell(subclass_in_brief(folded.first)), Cell(""), Cell(facts)))
        body += _below(folded.rows, graph, "", full)
    columns = (Column("name", "name"), Column("type", "type"), Column("node", "node"), Column("notes", "note"))
    return without_empty(Table("Tensor subclasses", str(len(graph.subclasses)), columns, tuple(body)))


def _below(alike: Sequence[Subclass | Piece], graph: Graph, indent: str, full: bool) -> Iterator[Row]:
    """The rows of the pieces of subclasses that are alike, as the branches of a tree."""
    around = alike[0]
    for number, pieces in enumerate(zip(*(each.pieces for each in alike), strict=True), 1):
        first, is_last = pieces[0], number == len(around.pieces)
        slots = [slot for piece in pieces if (slot := slot_of(piece, graph)) is not None]
        notes = [", ".join(filter(None, facts_of(first)))] if first.pieces else []
        if full:
            notes += [slot.descriptor for slot in slots[:1] if slot.descriptor is not None]
        yield (
            Cell(f"{indent}{'└' if is_last else '├'} {first.attribute}"),
            Cell(slot_in_brief(slots[0], graph) if slots else piece_in_brief(first, around)),
            node_cell([slot.node for slot in slots]) if slots else Cell(""),
            Cell("; ".join(filter(None, notes))),
        )
        yield from _below(pieces, graph, indent + ("  " if is_last else "│ "), full)
