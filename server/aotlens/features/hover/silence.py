"""The hover of a thing that no traced model knows: the reason, if the user could expect an answer."""

from __future__ import annotations

from aotlens.explain.blocks import Block, Note
from aotlens.explain.unknown import why_not_driven, why_replaced, why_untraced
from aotlens.model.driven_steps import calls_in, driven_by
from aotlens.model.duplicates import replacement
from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens.syntax.definitions import without_locals
from aotlens.syntax.driven_steps import TRAINING_STEP
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    ExpressionSubject,
    FunctionSubject,
    ReturnSubject,
    Subject,
)
from aotlens.text.documents import Document

_KINDS = (ClassSubject, AttributeSubject, CreationSubject, ArgumentSubject, ReturnSubject, FunctionSubject)
"""Subjects that a trace of the class or function around them would know."""


def silence(snapshot: Snapshot, document: Document, subject: Subject, line: int, column: int) -> tuple[Block, ...]:
    """The reason why nothing is known about a subject at a position; empty if nobody expects an answer."""
    if isinstance(subject, ExpressionSubject):
        return _in_script(snapshot, document, subject, line)
    if not isinstance(subject, _KINDS):
        return ()
    if isinstance(subject, ArgumentSubject) and subject.function.partition(".")[0] == "__init__":
        return ()
    owner = subject.owner
    if owner is None:
        if isinstance(subject, (FunctionSubject, ArgumentSubject, ReturnSubject)):
            known = _untraced(snapshot, document, subject.function)
            return known or _in_script(snapshot, document, subject, line)
        return ()
    if kept := replacement(snapshot, document, owner.qualname, owner.line):
        return (Note(why_replaced(owner.qualname, document.path, kept.line)),)
    if snapshot.maps():
        from .left_out import left_out  # which model answers for a class: imported once there is a map

        if (blocks := left_out(snapshot, document, subject, owner, line, column)) is not None:
            return blocks
    return _untraced(snapshot, document, owner.qualname)


def _in_script(
    snapshot: Snapshot,
    document: Document,
    subject: ExpressionSubject | FunctionSubject | ArgumentSubject | ReturnSubject,
    line: int,
) -> tuple[Block, ...]:
    """The state of the training step that a function has, without a map: the next one whose loss comes after a line.

    Empty if the function has none.
    """
    owner = f"{subject.owner.qualname}." if subject.owner is not None else ""
    function = without_locals(owner + subject.function)
    mine = [step for step in document.steps if step.function == function]
    after = [step for step in mine if step.line >= line]
    for step in after[:1] or mine[-1:]:
        return _untraced(snapshot, document, step.qualname)
    if isinstance(subject, ExpressionSubject):
        return _of_driven(snapshot, document, subject.text, function)
    return ()


def _of_driven(snapshot: Snapshot, document: Document, text: str, function: str) -> tuple[Block, ...]:
    """The state of the training step that a framework runs for a call which a name of a function is about."""
    for call in calls_in(document):
        if call.function == function and (call.is_named(text) or text == call.owner):
            state = driven_by(snapshot, document, call)
            if state is not None:
                return (Note(why_untraced(snapshot, state)),) if state.map is None else ()
            if call.method == TRAINING_STEP:
                return (Note(why_not_driven(call.callee, f"{call.kind}.{call.method}")),)
    return ()


def _untraced(snapshot: Snapshot, document: Document, qualname: str) -> tuple[Block, ...]:
    """The state of a target without a map; empty if it is not a target."""
    state = snapshot.states.get(TargetKey(document.path, qualname))
    if state is None or state.map is not None:
        return ()
    return (Note(why_untraced(snapshot, state)),)
