"""The hover of an argument of a traced call, or of what is reached from it: `ids`, `batch["mask"]`."""

from __future__ import annotations

from aotlens.explain.blocks import Code, Facts, line, strong
from aotlens.explain.unknown import why_absent, why_constant
from aotlens.model.calls import called, called_context
from aotlens.syntax.signatures import function_node, parameters_of
from aotlens.syntax.subjects import ArgumentSubject

from .inputs import inputs
from .question import Answer, Question


def argument(question: Question, subject: ArgumentSubject) -> Answer | None:
    """The graph inputs that an argument is, or the reason why it is none; None if its function was not traced."""
    resolved = question.resolved(subject)
    if not resolved:
        return _not_an_input(question, subject)
    found = resolved[0]
    labels = {id(item.slot): label for item, label in zip(found.items, found.labels, strict=True)}
    method = called(found.state) if subject.owner is not None else "forward"
    blocks = inputs(
        question,
        found,
        found.entries,
        lambda entry: labels.get(id(entry.slot), entry.slot.label),
        title=line(strong("argument"), " ", Code(subject.label)),
        owner=None if method == "forward" else _qualname(subject),
    )
    return Answer(blocks, found.state, found)


def _not_an_input(question: Question, subject: ArgumentSubject) -> Answer | None:
    """An argument without a graph input: it is not a tensor, or the traced call does not give it."""
    context = called_context(question.snapshot, question.document, subject.owner, subject.function)
    if context is None or subject.path or context.state.map is None:
        return None
    example = context.state.map.example
    value = next((a.value for a in example.arguments if a.name == subject.name), None) if example else None
    title = line(strong("argument"), " ", Code(subject.name))
    if value is not None and not context.state.map.graphs:
        return Answer((Facts((title, line(Code(value)))),), context.state)
    if value is not None:
        return Answer((Facts((title, why_constant(value))),))
    return Answer((Facts((title, why_absent(_default(question, subject)))),))


def _default(question: Question, subject: ArgumentSubject) -> str | None:
    """The default of an argument, as source text; None if it has none."""
    document = question.document
    own = [d.line for d in document.definitions if d.qualname == subject.function]
    line = subject.owner.line if subject.owner is not None else own[0] if own else None
    node = function_node(document, line, subject.function) if line is not None else None
    parameters = parameters_of(node) if node is not None else ()
    return next((p.default for p in parameters if p.name == subject.name), None)


def _qualname(subject: ArgumentSubject) -> str:
    return f"{subject.class_qualname}.{subject.function}" if subject.class_qualname else subject.function
