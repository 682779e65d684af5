"""The hover of the name of a piece in the code of a tensor subclass, as in the list of `__tensor_flatten__`."""

from __future__ import annotations

from aotlens.explain.blocks import Block, Code, Facts, Paragraph, line, some
from aotlens.explain.phrases import and_more
from aotlens.explain.subclasses import listed_in_words
from aotlens.explain.tables.listed_pieces import listed_pieces_table, rows_of
from aotlens.model.listed_pieces import pieces_listed_at
from aotlens.syntax.subjects import PieceNameSubject

from .question import ROWS, Answer, Question


def piece_name(question: Question, subject: PieceNameSubject) -> Answer | None:
    """The inputs and outputs that the pieces with this name are; None if no traced model has such a piece."""
    found = question.resolved(subject)
    if not found:
        return None
    first = found[0]
    pieces = pieces_listed_at(question.snapshot, first.state, first.index, subject, question.line, question.column)
    rows = rows_of(pieces)
    title = listed_in_words(subject.text, pieces, first.state.key.qualname)
    blocks: list[Block] = [Facts((title,)), listed_pieces_table(rows[:ROWS], first.index)]
    if rest := sum(row.count for row in rows[ROWS:]):
        blocks.append(Paragraph(line(and_more(rest, "value"))))
    slots = [item.slot for row in rows for each in row.rows for item in each.items if item.slot.descriptor is not None]
    if slots:
        more = f" and {len(slots) - 1} more" if len(slots) > 1 else ""
        blocks.append(Paragraph(line(Code(slots[0].descriptor or ""), more)))
    if others := [line(Code(other.state.key.qualname)) for other in found[1:]]:
        blocks.append(Paragraph(line("Also in ", some(others))))
    return Answer(tuple(blocks), first.state, first)
