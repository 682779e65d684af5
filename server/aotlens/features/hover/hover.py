"""Hovers: the thing under the cursor, as it is in the graph of the traced model.

The first line says what it is. A table is shown only for several rows, and is no longer than a screen. The kinds of
things are the subjects of syntax/subjects.py; each has a branch in known.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aotlens.explain.blocks import Block
from aotlens.explain.states import staleness
from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.subjects import DescriptorSubject, PassSubject, Subject
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.protocol import Convention

from .silence import silence


@dataclass(frozen=True)
class Hover:
    """A hover for the text in `span`. `key` is the target it is about, if one; `labels` are those of its slots.

    `untraced` are the conventions of targets that would answer too, and were not traced. `wants` is the target whose
    other convention is to be traced, None if there is none.
    """

    blocks: tuple[Block, ...]
    span: Span
    key: TargetKey | None = None
    labels: tuple[str, ...] = ()
    untraced: tuple[tuple[TargetKey, Convention], ...] = ()
    wants: TargetKey | None = None


def hover(snapshot: Snapshot, document: Document, line: int, column: int) -> Hover | None:
    """The hover for a position; None if there is nothing to say.

    Of the things that stand there, the innermost that a traced model knows is shown. If there is none, the reason why
    nothing is known is shown, if the user could expect an answer.
    """
    subjects = subjects_at(document, line, column)
    if any(state.maps for state in snapshot.states.values()) or any(
        isinstance(subject, (DescriptorSubject, PassSubject)) for subject in subjects
    ):
        found = _known(snapshot, document, line, column, subjects)
        if found is not None:
            return found
    for subject in subjects:
        if blocks := silence(snapshot, document, subject, line, column):
            return Hover(blocks, subject.span)
    return None


def _known(snapshot: Snapshot, document: Document, line: int, column: int, subjects: Sequence[Subject]) -> Hover | None:
    """The hover of the innermost of some subjects that a traced model knows; None if none is known.

    A descriptor has a meaning without any model.
    """
    # All that is to be said of maps is imported at the first use: the hovers before the first map do not wait for it.
    from .known import known
    from .question import Question

    question = Question(snapshot, document, line, column, names_both=True)
    for subject in subjects:
        found = known(question, subject)
        if found is not None and found.blocks:
            stale = staleness(found.state) if found.state is not None else ()
            key = found.named.state.key if found.named is not None else None
            labels = found.named.labels_of_slots if found.named is not None else ()
            untraced = tuple((state.key, convention) for state, convention in found.unknown)
            return Hover((*found.blocks, *stale), subject.span, key, labels, untraced, found.wants)
    return None
