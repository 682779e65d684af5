"""Hovers: the thing under the cursor, as it is in the graph of the traced model.

The first line says what it is. A table is shown only for several rows, and is no longer than a screen. The kinds of
things are the subjects of syntax/subjects.py; each has a branch in `_answer`.
"""

from __future__ import annotations

from dataclasses import dataclass

from aotlens.explain.blocks import Block
from aotlens.explain.states import staleness
from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    DescriptorSubject,
    FunctionSubject,
    GraphNameSubject,
    LineSubject,
    ReturnSubject,
    StringSubject,
    Subject,
)
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

from .arguments import argument
from .attributes import attribute
from .classes import class_, function
from .descriptors import descriptor
from .graph_names import graph_name
from .lines import statement
from .question import Answer, Question
from .returns import returned
from .silence import silence


@dataclass(frozen=True)
class Hover:
    """A hover for the text in `span`. `key` is the target it is about, if one; `labels` are those of its slots."""

    blocks: tuple[Block, ...]
    span: Span
    key: TargetKey | None = None
    labels: tuple[str, ...] = ()


def hover(snapshot: Snapshot, document: Document, line: int, column: int) -> Hover | None:
    """The hover for a position; None if there is nothing to say.

    Of the things that stand there, the innermost that a traced model knows is shown. If there is none, the reason why
    nothing is known is shown, if the user could expect an answer.
    """
    question = Question(snapshot, document, line, column)
    subjects = subjects_at(document, line, column)
    for subject in subjects:
        found = _answer(question, subject)
        if found is not None and found.blocks:
            stale = staleness(found.state) if found.state is not None else ()
            key = found.named.state.key if found.named is not None else None
            labels = found.named.labels_of_slots if found.named is not None else ()
            return Hover((*found.blocks, *stale), subject.span, key, labels)
    for subject in subjects:
        if blocks := silence(question, subject):
            return Hover(blocks, subject.span)
    return None


def _answer(question: Question, subject: Subject) -> Answer | None:
    """The facts about a subject; None if no traced model knows it. mypy reports a kind of subject without a branch."""
    match subject:
        case ClassSubject():
            return class_(question, subject)
        case FunctionSubject():
            return function(question, subject)
        case ReturnSubject():
            return returned(question, subject)
        case LineSubject():
            return statement(question, subject)
        case DescriptorSubject():
            return descriptor(question, subject)
        case ArgumentSubject():
            return argument(question, subject)
        case GraphNameSubject():
            return graph_name(question, subject)
        case AttributeSubject() | CreationSubject() | StringSubject():
            return attribute(question, subject)
