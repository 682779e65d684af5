"""The hover of a thing that traced models know: each kind of thing has a file of its own."""

from __future__ import annotations

from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    DescriptorSubject,
    DynamoSourceSubject,
    ExpressionSubject,
    FunctionSubject,
    GraphNameSubject,
    LineSubject,
    PassSubject,
    PieceNameSubject,
    ReturnSubject,
    StringSubject,
    Subject,
)

from .arguments import argument
from .attributes import attribute
from .classes import class_, function
from .descriptors import descriptor
from .dynamo_sources import dynamo_source
from .graph_names import graph_name
from .lines import statement
from .pass_code import pass_code
from .piece_names import piece_name
from .question import Answer, Question
from .returns import returned
from .training_steps import in_step, steps_of


def known(question: Question, subject: Subject) -> Answer | None:
    """The facts about a subject; None if no traced model knows it. mypy reports a kind of subject without a branch."""
    match subject:
        case ClassSubject():
            return class_(question, subject)
        case FunctionSubject():
            return function(question, subject) or steps_of(question, subject)
        case ReturnSubject():
            return returned(question, subject)
        case LineSubject():
            return statement(question, subject)
        case DescriptorSubject():
            return descriptor(question, subject)
        case ArgumentSubject():
            return argument(question, subject)
        case PieceNameSubject():
            return piece_name(question, subject)
        case GraphNameSubject():
            return graph_name(question, subject)
        case DynamoSourceSubject():
            return dynamo_source(question, subject)
        case PassSubject():
            return pass_code(question, subject)
        case ExpressionSubject():
            return in_step(question, subject)  # what it had is the first line: see values.py
        case AttributeSubject() | CreationSubject() | StringSubject():
            return attribute(question, subject)
