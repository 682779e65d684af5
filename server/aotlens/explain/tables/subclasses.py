"""The table of tensor subclasses and their pieces."""

from __future__ import annotations

from aotlens.explain.blocks import NOTHING, Cell, Column, Table
from aotlens.explain.brief import names_in_brief
from aotlens.model.descriptors import piece
from aotlens_tracer.wire.descriptor_map import Graph, Slot, Subclass

from .rows import fold_rows


def subclasses(graph: Graph, full: bool) -> Table:
    """Each subclass that the graph takes or returns in pieces, with the nodes of its pieces."""
    rows = fold_rows(
        graph.subclasses,
        label=lambda subclass: subclass.label,
        shown=lambda subclass: (subclass.type, tuple(path for path, _ in _pieces(subclass, graph))),
        full=full,
    )
    body = []
    for folded in rows:
        members = folded.rows
        nodes = [[node for _, node in _pieces(member, graph)] for member in members]
        pieces = [
            f"{path} = {names_in_brief(column)}"
            for (path, _), column in zip(_pieces(members[0], graph), zip(*nodes, strict=True), strict=True)
        ]
        body.append(
            (Cell(folded.label or NOTHING), Cell(members[0].type or NOTHING), Cell(", ".join(pieces) or NOTHING))
        )
    columns = (Column("name", "name"), Column("type", "name"), Column("pieces", "prose"))
    return Table("Tensor subclasses", str(len(graph.subclasses)), columns, tuple(body))


def _pieces(subclass: Subclass, graph: Graph) -> list[tuple[str, str | None]]:
    """The pieces of a subclass: the path to each from the subclass, and its node."""
    slots: list[Slot] = [graph.inputs[index] for index in subclass.inputs]
    slots += [graph.outputs[index] for index in subclass.outputs]
    described = [(slot, slot.as_descriptor()) for slot in slots]
    return [(piece(desc)[0] if desc else slot.label, slot.node) for slot, desc in described]
