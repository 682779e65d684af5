"""The first line of a hover in code that ran: what the expression had in the recorded call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aotlens.explain.blocks import Block, Code, Facts, Line, line
from aotlens.explain.shortening import clipped
from aotlens.explain.values import facts_of, function_in_words, not_run_in_words, recorded_in_words
from aotlens.model.function_runs import function_values
from aotlens.model.recorded import Container, Tensor
from aotlens.model.values import Had, Recording, is_skipped, recordings_at, value_of
from aotlens.syntax.expressions import call_at
from aotlens.syntax.signatures import function_node
from aotlens.syntax.subjects import (
    ClassSubject,
    ExpressionSubject,
    FunctionSubject,
    LineSubject,
    ReturnSubject,
    Subject,
)
from aotlens_tracer.wire.places import Span

from .question import Question

_LONGEST = 50
"""The most characters of an expression."""


@dataclass(frozen=True)
class FirstLine:
    """The values that an expression had: the facts, the recorded call, and the text that they are about.

    `model` names the model, if it is not the class or function that the text is in.
    """

    facts: tuple[Line, ...]
    recording: Recording
    span: Span
    model: Line = ()

    def blocks(self, names_model: bool) -> tuple[Block, ...]:
        """The facts on one line, with the model if nothing else in the hover names it."""
        return (Facts((*self.facts, *([self.model] if names_model and self.model else []))),)


def first_line(question: Question, subjects: Sequence[Subject]) -> FirstLine | None:
    """The first line for the subjects at a position; None if no expression there was recorded."""
    for subject in subjects:
        found = _of_subject(question, subject)
        if found is not None:
            return found
    return _skipped(question, subjects)


def _of_subject(question: Question, subject: Subject) -> FirstLine | None:
    if isinstance(subject, FunctionSubject):
        return _function(question, subject, subject.function, subject.span.line)
    if isinstance(subject, ClassSubject) and subject.owner is not None:
        return _function(question, subject, "forward", subject.owner.line)
    if isinstance(subject, ExpressionSubject):
        had = value_of(question.snapshot, question.document, subject.place)
        if had is None:
            return None
        first, *others = facts_of(had, _given(question, subject.place))
        first = line(Code(clipped(subject.text, _LONGEST)), ": ", first)
    elif isinstance(subject, ReturnSubject):
        had = value_of(question.snapshot, question.document, subject.span)
        if had is None:
            return None
        first, *others = facts_of(had)
        first = line("returns ", first)
    else:
        return None
    model = recorded_in_words(had) if not _is_own(had.recording, subject.class_qualname, subject.function) else ()
    return FirstLine((first, *others), had.recording, subject.span, model)


def _given(question: Question, place: Span) -> list[Had]:
    """The values that a call got, if the expression there is one: what its method belongs to, and its arguments."""
    call = call_at(question.document, place)
    if call is None:
        return []
    places = [*([call.receiver] if call.receiver is not None else []), *call.arguments]
    found = [value_of(question.snapshot, question.document, span) for span in places]
    return [had for had in found if had is not None and isinstance(had.cases[0].value, (Tensor, Container))]


def _function(question: Question, subject: FunctionSubject | ClassSubject, name: str, line_: int) -> FirstLine | None:
    node = function_node(question.document, line_, name)
    values = function_values(question.snapshot, question.document, node) if node is not None else None
    if values is None or not (values.arguments or values.results):
        return None
    return FirstLine((function_in_words(name, values),), values.recording, subject.span)


def _skipped(question: Question, subjects: Sequence[Subject]) -> FirstLine | None:
    """The line of a statement that did not run, although its function did."""
    for subject in subjects:
        if isinstance(subject, (LineSubject, ReturnSubject)):
            recording = next(recordings_at(question.snapshot, question.document, question.line), None)
            if recording is not None and is_skipped(question.snapshot, question.document, recording, question.line):
                return FirstLine((not_run_in_words(recording),), recording, subject.span)
            return None
    return None


def _is_own(recording: Recording, class_qualname: str | None, function: str) -> bool:
    """Whether the recorded call is that of the class or function that the text is in."""
    return recording.state.key.qualname == (class_qualname or function)
