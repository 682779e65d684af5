"""The hover of a name that torch gave to a node: `primals_5`, `tangents_1`."""

from __future__ import annotations

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Paragraph, Table, line, strong
from aotlens.explain.compiled import in_graph
from aotlens.explain.phrases import and_more
from aotlens.explain.shapes import tensor_in_brief
from aotlens.syntax.subjects import GraphNameSubject

from .question import ROWS, Answer, Question
from .slots import slot


def graph_name(question: Question, subject: GraphNameSubject) -> Answer | None:
    """The input of that name; one row for each target and graph if several have it; None if none has."""
    found = question.resolved(subject)
    if not found:
        return None
    if len(found) == 1 and len(found[0].items) == 1:
        return Answer(slot(question, found[0], found[0].items[0]), found[0].state, found[0])
    every = [(each, item) for each in found for item in each.items]
    cells = []
    for each, item in every[:ROWS]:
        kind = tensor_in_brief(item.slot.dtype, item.slot.shape)
        target = f"{each.state.key.qualname}{in_graph(item.graph, each.index)}"
        cells.append((Cell(target), Cell(item.slot.label), Cell(kind)))
    where = f"{len(found)} traced targets" if len(found) > 1 else f"{len(every)} graphs"
    blocks: list[Block] = [
        Facts((line(strong(Code(subject.name)), f" in {where}"),)),
        Table("", "", (Column("target", "name"), Column("input", "name"), Column("type", "type")), tuple(cells)),
    ]
    if len(every) > ROWS:
        blocks.append(Paragraph(line(and_more(len(every) - ROWS, "target"))))
    return Answer(tuple(blocks), found[0].state if len(found) == 1 else None, found[0])
