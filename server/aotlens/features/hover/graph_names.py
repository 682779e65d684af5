"""The hover of a name that torch gave to a node: `primals_5`, `tangents_1`."""

from __future__ import annotations

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Paragraph, Table, line, strong
from aotlens.explain.phrases import and_more
from aotlens.explain.shapes import tensor_in_brief
from aotlens.syntax.subjects import GraphNameSubject

from .question import ROWS, Answer, Question
from .slots import slot


def graph_name(question: Question, subject: GraphNameSubject) -> Answer | None:
    """The input of that name; one row for each target if several have it; None if none has."""
    found = question.resolved(subject)
    if not found:
        return None
    if len(found) == 1:
        return Answer(slot(question, found[0], found[0].items[0]), found[0].state, found[0])
    cells = []
    for item in found[:ROWS]:
        named = item.items[0].slot
        kind = tensor_in_brief(named.dtype, named.shape)
        cells.append((Cell(item.state.key.qualname), Cell(named.label), Cell(kind)))
    blocks: list[Block] = [
        Facts((line(strong(Code(subject.name)), f" in {len(found)} traced targets"),)),
        Table("", "", (Column("target", "name"), Column("input", "name"), Column("type", "type")), tuple(cells)),
    ]
    if len(found) > ROWS:
        blocks.append(Paragraph(line(and_more(len(found) - ROWS, "target"))))
    return Answer(tuple(blocks), named=found[0])
