"""The first line of a hover in code that ran: what the expression had in the recorded call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary, ref

from aotlens.explain.blocks import Block, Code, Facts, Line, codes, line
from aotlens.explain.shortening import clipped
from aotlens.explain.values import (
    facts_of,
    fails_in_words,
    function_in_words,
    had_in_words,
    no_gradient_in_words,
    not_run_in_words,
    recorded_in_words,
)
from aotlens.model.function_runs import function_values
from aotlens.model.not_run import NotRun, not_run
from aotlens.model.recorded import Container, Tensor, ValuesIndex
from aotlens.model.spans import is_within
from aotlens.model.values import Had, Recording, recordings_at, value_of, values_on_lines
from aotlens.syntax.expressions import call_at, calls_of_attribute
from aotlens.syntax.signatures import function_node
from aotlens.syntax.subjects import (
    ClassSubject,
    CreationSubject,
    ExpressionSubject,
    FunctionSubject,
    LineSubject,
    ReturnSubject,
    Subject,
)
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.training_steps import function_of

from .question import Question

_LONGEST = 50
"""The most characters of an expression."""
_TARGETS = 3
"""The most different values that a statement assigns, of those that are shown."""


_MOST_KEPT = 256
"""The most first lines that are kept for one recorded call."""


@dataclass(frozen=True)
class FirstLine:
    """The values that an expression had: the facts, the recorded call, and the text that they are about.

    `gradient` says that no gradient flows through it; it is empty if that says nothing. `within` are the values in
    a model that is not the class or function that the text is in, None if the model need not be named.
    `is_of_line` says that the facts are about all that a statement assigns, and not about the thing at the position.
    `fails` says that the call ended there with an error, and `not_run` that the line did not run, and why.
    """

    facts: tuple[Line, ...]
    recording: Recording
    span: Span
    gradient: Line = ()
    within: Had | None = None
    is_of_line: bool = False
    fails: bool = False
    not_run: NotRun | None = None

    def alone(self) -> tuple[Block, ...]:
        """The block of a hover that has no more to say."""
        model = recorded_in_words(self.within) if self.within is not None else ()
        return (Facts(tuple(filter(None, (*self.facts, self.gradient, model)))),)

    def above(self, blocks: Sequence[Block], *, with_gradient: bool) -> tuple[Block, ...]:
        """The line above the blocks of a hover, which name the model. They do not repeat its facts."""
        first = Facts(tuple(filter(None, (*self.facts, self.gradient if with_gradient else ()))))
        said = {piece for fact in self.facts for piece in fact}
        rest = [
            replace(block, facts=facts) if isinstance(block, Facts) else block
            for block in blocks
            if not isinstance(block, Facts) or (facts := tuple(fact for fact in block.facts if not said >= {*fact}))
        ]
        return (first, *rest)


_KEPT: WeakKeyDictionary[ValuesIndex, dict[tuple[object, ...], tuple[ref[Document], FirstLine]]] = WeakKeyDictionary()


def first_line(question: Question, subjects: tuple[Subject, ...]) -> FirstLine | None:
    """The first line for the subjects at a position; None if no expression there was recorded.

    It is kept for a document at one version: a mouse that rests or moves on asks for the same again and again.
    """
    document = question.document
    recording = next(recordings_at(question.snapshot, document, question.line), None)
    if recording is None:
        return _first_line(question, subjects)
    kept = _KEPT.setdefault(recording.index, {})
    key = (question.line, question.column, id(document), recording.versions.get(document.path))
    known = kept.get(key)
    if known is not None and known[0]() is document:
        return replace(known[1], recording=recording)
    found = _first_line(question, subjects)
    if found is not None and found.recording.index is recording.index:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = ref(document), found
    return found


def _first_line(question: Question, subjects: Sequence[Subject]) -> FirstLine | None:
    for subject in subjects:
        found = _of_subject(question, subject)
        if found is not None:
            return found
    return _failing(question, subjects) or _skipped(question, subjects)


def _of_subject(question: Question, subject: Subject) -> FirstLine | None:
    match subject:
        case FunctionSubject(function=function):
            return _function(question, subject, function, subject.span.line)
        case ClassSubject(owner=owner) if owner is not None:
            return _function(question, subject, "forward", owner.line)
        case ExpressionSubject(text=text, place=place):
            had = value_of(question.snapshot, question.document, place)
            name: Line = line(Code(clipped(text, _LONGEST)), ": ")
            return _line_of(subject, name, had, _given(question, place)) if had is not None else None
        case CreationSubject(path=(str(attribute),)):
            return _called(question, subject, attribute)
        case ReturnSubject(span=span):
            had = value_of(question.snapshot, question.document, span)
            return _line_of(subject, line("returns "), had) if had is not None else None
        case LineSubject():
            return _targets(question, subject)
    return None


def _called(question: Question, subject: CreationSubject, name: str) -> FirstLine | None:
    """The first call of a layer that is made here: what it got and what it gave."""
    document = question.document
    if "(" in document.line(question.line)[: question.column - 1]:  # an argument of the layer's constructor
        return None
    for span in calls_of_attribute(document, subject.owner, name) if subject.owner is not None else ():
        had = value_of(question.snapshot, document, span)
        if had is not None:
            text = Code(clipped(document.text_in(span), _LONGEST))
            first, *others = facts_of(had, _given(question, span))
            return FirstLine((line(text, ": ", first), *others), had.recording, subject.span)
    return None


def _line_of(subject: ExpressionSubject | ReturnSubject, name: Line, had: Had, given: Sequence[Had] = ()) -> FirstLine:
    first, *others = facts_of(had, given)
    is_own = _is_own(had.recording, subject.class_qualname, subject.function)
    return FirstLine(
        (line(name, first), *others),
        had.recording,
        subject.span,
        no_gradient_in_words(had),
        None if is_own else had,
    )


def _targets(question: Question, subject: LineSubject) -> FirstLine | None:
    """The values that a statement assigns, and no other one on its lines: several that are equal in one fact."""
    last = subject.span.end_line or subject.span.line
    values = values_on_lines(question.snapshot, question.document, subject.span.line, last)
    targets = [had for had in values if had.role == "target" and is_within(had.span, subject.span)]
    if not targets:
        return None
    texts: dict[Line, list[str]] = {}
    for had in targets:
        names = texts.setdefault(had_in_words(had), [])
        if (text := question.document.text_in(had.span)) not in names:
            names.append(text)
    facts = [line(codes(names), ": ", value) for value, names in texts.items()]
    return FirstLine(tuple(facts[:_TARGETS]), targets[0].recording, subject.span, is_of_line=True)


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


def _failing(question: Question, subjects: Sequence[Subject]) -> FirstLine | None:
    """The expression at which the call ended with an error."""
    recording = next(recordings_at(question.snapshot, question.document, question.line), None)
    failed = recording.index.failed if recording is not None else None
    if recording is None or failed is None:
        return None
    now = question.snapshot.carried(recording.versions, failed)
    for subject in subjects:
        if isinstance(subject, ExpressionSubject) and subject.place == now:
            return FirstLine((fails_in_words(clipped(subject.text, _LONGEST)),), recording, subject.span, fails=True)
    return None


def _skipped(question: Question, subjects: Sequence[Subject]) -> FirstLine | None:
    """The line of a statement that did not run, although its function did."""
    for subject in subjects:
        if isinstance(subject, (LineSubject, ReturnSubject)):
            found = not_run(question.snapshot, question.document, question.line)
            if found is None:
                return None
            return FirstLine((not_run_in_words(found),), found.recording, subject.span, not_run=found)
    return None


def _is_own(recording: Recording, class_qualname: str | None, function: str) -> bool:
    """Whether the recorded call is that of the class or function that the text is in."""
    step = recording.map.step
    return function_of(recording.state.key.qualname) == (
        f"{class_qualname}.{function}" if step is not None and class_qualname else class_qualname or function
    )
