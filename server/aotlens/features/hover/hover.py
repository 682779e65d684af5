"""Hovers: the thing under the cursor, as it is in the graph of the traced model.

The first line says what it is. A table is shown only for several rows, and is no longer than a screen. The kinds of
things are the subjects of syntax/subjects.py; each has a branch in known.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from aotlens.explain.blocks import Block, Note
from aotlens.explain.calm import calm
from aotlens.explain.states import staleness
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    DescriptorSubject,
    ExpressionSubject,
    FunctionSubject,
    LineSubject,
    PassSubject,
    ReturnSubject,
    Subject,
)
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.protocol import Convention

from .failed import why_failed
from .silence import silence

if TYPE_CHECKING:
    from aotlens.model.values import Recording

    from .question import Question
    from .values import FirstLine

_SUBJECTS: WeakKeyDictionary[Document, dict[tuple[int, int], tuple[Subject, ...]]] = WeakKeyDictionary()
_MOST_KEPT = 64
"""The most positions of a document whose subjects are kept."""
_IN_CODE = (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    ExpressionSubject,
    FunctionSubject,
    LineSubject,
    ReturnSubject,
)
"""Subjects whose hover begins with what the expression had in the recorded call."""


@dataclass(frozen=True)
class Hover:
    """A hover for the text in `span`. `key` is the target it is about, if one; `labels` are those of its slots.

    `passing` is the target that would run the line if its call passed, or left out, an optional argument: its key, the
    argument, and whether it is to be passed. `untraced` are the conventions of targets that would answer too, and were
    not traced. `wants` is the target whose other convention is to be traced, None if there is none.
    """

    blocks: tuple[Block, ...]
    span: Span
    key: TargetKey | None = None
    labels: tuple[str, ...] = ()
    untraced: tuple[tuple[TargetKey, Convention], ...] = ()
    wants: TargetKey | None = None
    passing: tuple[TargetKey, str, bool] | None = None


def hover(snapshot: Snapshot, document: Document, line: int, column: int) -> Hover | None:
    """The hover for a position; None if there is nothing to say.

    Of the things that stand there, the innermost that a traced model knows is shown. If there is none, the reason why
    nothing is known is shown, if the user could expect an answer.
    """
    subjects = _subjects_at(document, line, column)
    if any(state.maps or state.attempt is not None for state in snapshot.states.values()) or any(
        isinstance(subject, (DescriptorSubject, PassSubject)) for subject in subjects
    ):
        found = _known(snapshot, document, line, column, subjects)
        if found is not None:
            return found
    for subject in subjects:
        if blocks := silence(snapshot, document, subject, line, column):
            return Hover(blocks, subject.span)
    return None


def _known(
    snapshot: Snapshot, document: Document, line: int, column: int, subjects: tuple[Subject, ...]
) -> Hover | None:
    """The hover of the innermost of some subjects that a traced model knows; None if none is known.

    A descriptor has a meaning without any model.
    """
    # All that is to be said of maps is imported at the first use: the hovers before the first map do not wait for it.
    from .known import known
    from .question import Question
    from .values import first_line

    question = Question(snapshot, document, line, column, names_both=True)
    first = first_line(question, subjects)
    for asked, subject in ((asked, subject) for asked in _asked(question) for subject in subjects):
        found = known(asked, subject)
        if found is None or not found.blocks:
            continue
        is_statement = isinstance(subject, (LineSubject, ReturnSubject))
        head = first if isinstance(subject, _IN_CODE) else None
        if head is not None and head.is_of_line and not is_statement:
            head = None
        with_gradient = not isinstance(subject, (ArgumentSubject, AttributeSubject))
        blocks = head.above(found.blocks, with_gradient=with_gradient) if head is not None else found.blocks
        notes = _notes(asked, found.state, head.recording if head is not None else None)
        has_map = found.state is None or bool(found.state.maps and found.state.maps[0].graphs)
        shown, is_cut = calm((*blocks, *notes), has_map=has_map)
        about = found.named.state if found.named is not None else found.state if is_cut and has_map else None
        return Hover(
            shown,
            head.span if head is not None and is_statement else subject.span,
            about.key if about is not None else None,
            found.named.labels_of_slots if found.named is not None else (),
            tuple((state.key, convention) for state, convention in found.unknown),
            found.wants,
            _passing(first),
        )
    if first is None:
        return None
    state = first.recording.state
    is_failed = first.fails and state.status == "failed"
    why = why_failed(snapshot, state, document, line, column) if is_failed else ()
    blocks = (*first.alone(), *why, *_staleness(None, first.recording))
    return Hover(blocks, first.span, state.key if state.map is not None else None, passing=_passing(first))


def _passing(first: FirstLine | None) -> tuple[TargetKey, str, bool] | None:
    """The optional argument that would let a line run, if it is one that did not."""
    found = first.not_run if first is not None else None
    if found is None or found.argument is None:
        return None
    return found.recording.state.key, found.argument, found.is_left_out


def _subjects_at(document: Document, line: int, column: int) -> tuple[Subject, ...]:
    """The subjects at a position. They are kept for the version of the text: the same is often asked again."""
    kept = _SUBJECTS.setdefault(document, {})
    found = kept.get((line, column))
    if found is None:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        found = kept[line, column] = subjects_at(document, line, column)
    return found


def _asked(question: Question) -> Iterator[Question]:
    """The question to the maps, and then, if they do not answer it, to the latest attempts."""
    yield question
    yield replace(question, snapshot=question.snapshot.with_attempts(), names_both=False)


def _notes(asked: Question, state: TargetState | None, recording: Recording | None) -> tuple[Note, ...]:
    """Notes that the map or the recorded call that was read is older than the text, and why there is no graph."""
    if state is None or state.map is None or state.map.graphs or state.status != "failed":
        return _staleness(state, recording)
    why = why_failed(asked.snapshot, state, asked.document, asked.line, asked.column)
    return *why, *_staleness(state, recording)


def _staleness(state: TargetState | None, recording: Recording | None) -> tuple[Note, ...]:
    """Notes if the map or the recorded call that was read is older than the text, or lacks some of many layers."""
    if state is None:
        return staleness(recording.shown) if recording is not None else ()
    return staleness(state, but_for_first_line=recording is not None and not recording.is_stale)
