"""The hover of a thing in a class that a traced model has, and that is not in its map: the reason."""

from __future__ import annotations

from aotlens.explain.blocks import Block, Code, Facts, Note, line, strong
from aotlens.explain.unknown import why_inside, why_new
from aotlens.model.contexts import context_of
from aotlens.model.snapshot import Snapshot
from aotlens.syntax.subjects import ArgumentSubject, AttributeSubject, ClassRef, CreationSubject, Subject
from aotlens.text.documents import Document


def left_out(
    snapshot: Snapshot, document: Document, subject: Subject, owner: ClassRef, at_line: int, column: int
) -> tuple[Block, ...] | None:
    """The reason why a model's map lacks a subject: an argument of a call inside the model, or newer text.

    Empty if there is nothing to say; None if no traced model has the class `owner`.
    """
    context = context_of(snapshot, document, owner)
    if context is None:
        return None
    model = context.state.key.qualname
    if isinstance(subject, ArgumentSubject):
        if context.is_own or subject.function != "forward" or subject.path:
            return ()
        title = line(strong("argument"), " ", Code(subject.label))
        return (Facts((title, why_inside(model))),)
    is_of_self = isinstance(subject, (CreationSubject, AttributeSubject))
    if is_of_self and context.state.stale and snapshot.then(context.state, document.path, at_line, column) is None:
        return (Note(why_new(model)),)
    return ()
