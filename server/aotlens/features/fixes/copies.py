"""A fix for an argument that is changed in place: forward changes a copy, and the caller's tensor stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aotlens.model.duplicates import definitions_of
from aotlens.model.index import index_of
from aotlens.model.resolve import called
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.syntax.nodes import text_of
from aotlens.syntax.signatures import function_node, parameters_of
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Span


@dataclass(frozen=True)
class Copy:
    """The statement that makes the copy, and where it goes: right at the beginning of the function, before any view of
    the argument is taken. `line` is one that changes the argument.
    """

    name: str
    line: int
    span: Span
    text: str


def copies(snapshot: Snapshot, document: Document, lines: range) -> Iterator[Copy]:
    """The copies that would make an end of what some lines change of the caller's."""
    for state in snapshot.maps():
        if state.key.path != document.path or state.map is None:
            continue
        for entry in index_of(state.map).entries:
            slot = entry.slot
            if slot.kind != "PlainAOTInput" or not slot.label.isidentifier():
                continue
            for span in slot.changed_at:
                now = snapshot.now(state, span)
                if now is not None and now.path == document.path and now.line in lines:
                    if (edit := _beginning(document, state, slot.label)) is not None:
                        at, indent = edit
                        yield Copy(slot.label, now.line, at, f"{slot.label} = {slot.label}.clone()\n{indent}")
                    break


def _beginning(document: Document, state: TargetState, argument: str) -> tuple[Span, str] | None:
    """Where the body of the traced function begins, behind its docstring, and its indentation.

    None where the function is not in the document, has no such argument, or no line of its own for its body.
    """
    definitions = definitions_of(document, state.key.qualname)
    if len(definitions) != 1:
        return None
    function = function_node(document, definitions[0].line, called(state))
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None or argument not in [known.name for known in parameters_of(function)]:
        return None
    statements = [child for child in body.named_children if child.type != "comment"]
    if statements and statements[0].type == "expression_statement" and statements[0].named_child(0).type == "string":
        del statements[0]
    if not statements:
        return None
    at = document.span_of(statements[0])
    before = document.line(at.line)[: (at.column or 1) - 1]
    if before.strip() or text_of(statements[0]).startswith(f"{argument} = {argument}.clone()"):
        return None
    return Span(at.path, at.line, at.column, at.line, at.column), before
