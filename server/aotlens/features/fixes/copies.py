"""A fix for an argument that is changed in place: forward changes a copy, and the caller's tensor stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.model.calls import called
from aotlens.model.duplicates import definitions_of
from aotlens.model.index import index_of
from aotlens.model.slots import whole_name
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.syntax.nodes import text_of
from aotlens.syntax.signatures import function_node, parameters_of
from aotlens.text.documents import Document
from aotlens_tracer.wire.input_roles import role_of
from aotlens_tracer.wire.places import Span

from .action import CodeAction, TextEdit


def copy_argument(snapshot: Snapshot, document: Document, where: Span) -> Iterator[CodeAction]:
    """Copy an argument that the selected lines change in place.

    The copy is made at the beginning of the function, before any view of the argument is taken.
    """
    lines = range(where.line, (where.end_line or where.line) + 1)
    for state in snapshot.maps():
        if state.key.path != document.path or state.map is None:
            continue
        changed: dict[str, list[Span]] = {}
        for entry in index_of(state.map).entries:
            if role_of(entry.slot) == "argument" and (name := whole_name(entry.slot)).isidentifier():
                changed.setdefault(name, []).extend(entry.slot.changed_at)
        for name, spans in changed.items():
            for span in spans:
                now = snapshot.now(state, span)
                if now is not None and now.path == document.path and now.line in lines:
                    yield from _copy(document, state, name, now.line)
                    break


def _copy(document: Document, state: TargetState, argument: str, line: int) -> Iterator[CodeAction]:
    if (beginning := _beginning(document, state, argument)) is not None:
        at, indent = beginning
        edit = TextEdit(at, f"{argument} = {argument}.clone()\n{indent}")
        title = action_titles.change_a_copy(argument)
        yield CodeAction(title, "quickfix", (edit,), fixes="input-mutation", line=line)


def _beginning(document: Document, state: TargetState, argument: str) -> tuple[Span, str] | None:
    """The beginning of the body of the traced function, after its docstring, and its indentation.

    None if the document does not have the function, the function does not have the argument or already copies it, or
    its body is on the line of its signature.
    """
    definitions = definitions_of(document, state.key.qualname)
    if len(definitions) != 1:
        return None
    function = function_node(document, definitions[0].line, called(state))
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None or argument not in [known.name for known in parameters_of(function)]:
        return None
    statements = [child for child in body.named_children if child.type != "comment"]
    if statements and statements[0].type == "expression_statement":
        expression = statements[0].named_child(0)
        if expression is not None and expression.type == "string":
            del statements[0]
    if not statements:
        return None
    at = document.span_of(statements[0])
    before = document.line(at.line)[: (at.column or 1) - 1]
    if before.strip() or text_of(statements[0]).startswith(f"{argument} = {argument}.clone()"):
        return None
    return Span(at.path, at.line, at.column, at.line, at.column), before
