"""The hover of an attribute that is no part of the graph, but holds tensors that the call keeps: `self.aux_loss`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aotlens.explain.blocks import Block, Code, Facts, Line, Paragraph, line, strong
from aotlens.explain.kept_state import fold_kept, kept_in_words, type_of_kept
from aotlens.model.contexts import context_of
from aotlens.model.kept_state import kept_below
from aotlens.model.snapshot import TargetState
from aotlens.syntax.paths import Path
from aotlens.syntax.subjects import AttributeSubject, CreationSubject, Subject
from aotlens_tracer.wire.eager_run import KeptState

from .question import Answer, Question

_MOST = 3


def kept_state(question: Question, subject: Subject) -> Answer | None:
    """The tensors that an attribute holds after the call; None if it holds none."""
    if not isinstance(subject, (AttributeSubject, CreationSubject)) or subject.owner is None:
        return None
    context = context_of(question.snapshot, question.document, subject.owner)
    name = _name(subject.path)
    if context is None or not name:
        return None
    kept = kept_below(context.index, [f"{prefix}.{name}" if prefix else name for prefix in context.prefixes])
    if not kept:
        return None
    return Answer(tuple(_blocks(question, context.state, kept)), context.state)


def _name(path: Path) -> str:
    """The name of an attribute; empty if a step of the way is no name."""
    return ".".join(str(step) for step in path) if all(isinstance(step, (str, int)) for step in path) else ""


def _blocks(question: Question, state: TargetState, kept: Sequence[KeptState]) -> Iterable[Block]:
    rows = fold_kept(kept)
    for number, row in enumerate(rows[:_MOST]):
        start: Line = line(strong("kept state"), " ") if number == 0 else ()
        of = line(" of ", Code(state.key.qualname)) if number == 0 else ()
        yield Facts((line(start, Code(row.label), of), line(Code(type_of_kept(row.first)))))
        yield Facts(tuple(kept_in_words(row, question.place(state, row.first.place))))
    if len(rows) > _MOST:
        yield Paragraph(line(f"… and {len(rows) - _MOST} more"))
