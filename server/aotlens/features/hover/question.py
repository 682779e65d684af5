"""The question that a hover answers: a position in a document of a snapshot. And the answer."""

from __future__ import annotations

from dataclasses import dataclass

from aotlens.explain.blocks import NOTHING, Block, Cell, Line
from aotlens.explain.phrases import place, place_name
from aotlens.model.resolve import Resolved, resolve
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.syntax.subjects import Subject
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.protocol import Convention

ROWS = 4
"""The most rows that a table in a hover has."""
FEW = 2
"""The most rows of a table that stands among other facts, and the most facts of one kind."""


@dataclass(frozen=True)
class Answer:
    """The blocks of a hover.

    `state` is the target whose map was read; None if no map was. `named` are the slots that the subject names, with
    their target: the links below the hover are about them. None if the hover has no links.

    `unknown` are targets with a convention in which they were not traced. `wants` is the one target that is to be
    traced in its other convention too, None if there is none.
    """

    blocks: tuple[Block, ...]
    state: TargetState | None = None
    named: Resolved | None = None
    wants: TargetKey | None = None
    unknown: tuple[tuple[TargetState, Convention], ...] = ()


@dataclass(frozen=True)
class Question:
    """A position in a document; line and column are 1-based.

    With `names_both`, inputs are named in the numbering of the other convention too, if that is known.
    """

    snapshot: Snapshot
    document: Document
    line: int
    column: int
    names_both: bool = False

    def resolved(self, subject: Subject) -> tuple[Resolved, ...]:
        """The things in traced models that a subject at this position refers to; the best answer first."""
        return resolve(self.snapshot, self.document, subject, self.line, self.column)

    def is_shown(self, found: Resolved) -> bool:
        """Whether something was found in the map that is shown of its target, and not in the other one."""
        return found.state.convention == self.snapshot.states[found.state.key].convention

    def now(self, state: TargetState, span: Span | None) -> Span | None:
        """A span of a map in today's text; None if there is none, or an edit has destroyed it."""
        return self.snapshot.now(state, span) if span is not None else None

    def place(self, state: TargetState, span: Span | None) -> Line:
        """A link to a span of a map, in today's text; empty if there is no such place."""
        now = self.now(state, span)
        return place(now) if now is not None else ()

    def place_cell(self, state: TargetState, span: Span | None) -> Cell:
        """The same as a cell of a table."""
        now = self.now(state, span)
        return Cell(place_name(now), to=now) if now is not None else Cell(NOTHING)
