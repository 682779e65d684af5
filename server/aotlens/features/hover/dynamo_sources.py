"""The hover of Dynamo's text for an input: `L['self']._modules['up']._parameters['weight']`, `L_x_`."""

from __future__ import annotations

from aotlens.explain.blocks import Code, Paragraph, line, some
from aotlens.syntax.subjects import DynamoSourceSubject

from .attributes import named
from .question import Answer, Question
from .slots import slot


def dynamo_source(question: Question, subject: DynamoSourceSubject) -> Answer | None:
    """The input or module that Dynamo means; None if no traced model has it."""
    found = question.resolved(subject)
    if not found:
        return None
    first = found[0]
    blocks = slot(question, first, first.items[0]) if first.items else named(question, first)
    others = dict.fromkeys(each.state.key.qualname for each in found if each.state.key != first.state.key)
    if others:
        blocks += (Paragraph(line("Also in ", some([line(Code(name)) for name in others]))),)
    return Answer(blocks, first.state, first if question.is_shown(first) else None)
