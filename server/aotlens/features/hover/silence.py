"""The hover of a thing that no traced model knows: the reason, if the user could expect an answer."""

from __future__ import annotations

from aotlens.explain.blocks import Block, Code, Facts, Note, line, strong
from aotlens.explain.unknown import why_inside, why_new, why_replaced, why_untraced
from aotlens.model.contexts import Context, context_of
from aotlens.model.duplicates import replacement
from aotlens.model.snapshot import TargetKey
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    FunctionSubject,
    ReturnSubject,
    Subject,
)

from .question import Question

_KINDS = (ClassSubject, AttributeSubject, CreationSubject, ArgumentSubject, ReturnSubject, FunctionSubject)
"""Subjects that a trace of the class or function around them would know."""


def silence(question: Question, subject: Subject) -> tuple[Block, ...]:
    """The reason why nothing is known about a subject; empty if nobody expects an answer."""
    if not isinstance(subject, _KINDS):
        return ()
    if isinstance(subject, ArgumentSubject) and subject.function.partition(".")[0] == "__init__":
        return ()
    owner = subject.owner
    if owner is None:
        if isinstance(subject, (FunctionSubject, ArgumentSubject, ReturnSubject)):
            return _untraced(question, subject.function)
        return ()
    if kept := replacement(question.snapshot, question.document, owner.qualname, owner.line):
        return (Note(why_replaced(owner.qualname, kept.line)),)
    context = context_of(question.snapshot, question.document, owner)
    if context is None:
        return _untraced(question, owner.qualname)
    return _unknown(question, subject, context)


def _unknown(question: Question, subject: Subject, context: Context) -> tuple[Block, ...]:
    """A subject in a class that a traced model has: an argument of a call inside the model, or newer text."""
    model = context.state.key.qualname
    if isinstance(subject, ArgumentSubject):
        if context.is_own or subject.function != "forward" or subject.path:
            return ()
        title = line(strong("argument"), " ", Code(subject.label))
        return (Facts((title, why_inside(model))),)
    if context.state.stale and isinstance(subject, (CreationSubject, AttributeSubject)):
        document = question.document
        if question.snapshot.then(context.state, document.path, question.line, question.column) is None:
            return (Note(why_new(model)),)
    return ()


def _untraced(question: Question, qualname: str) -> tuple[Block, ...]:
    """The state of a target without a map; empty if it is not a target."""
    snapshot = question.snapshot
    state = snapshot.states.get(TargetKey(question.document.path, qualname))
    if state is None or state.map is not None:
        return ()
    return (Note(why_untraced(snapshot, state)),)
