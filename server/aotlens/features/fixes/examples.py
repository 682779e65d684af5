"""Actions for the example of a class: pin the one that works, edit it, try the next one, or write one."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.model.duplicates import definitions_of
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.syntax.definitions import Definition
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

from .action import CodeAction, TextEdit, command
from .pin_template import template


def example_actions(snapshot: Snapshot, document: Document, definition: Definition) -> Iterator[CodeAction]:
    """Pin, edit or change the example of a class."""
    name, key = definition.qualname, TargetKey(document.path, definition.qualname)
    state = snapshot.states.get(key) or TargetState(key)
    is_pinned_here = bool(state.examples) and state.examples[0].path == document.path
    expression = pin_of(state)
    if can_be_pinned(snapshot, document, definition) and not is_pinned_here:
        title = action_titles.pin(name, expression)
        edit = _pin(document, definition, expression or state.draft or template(document, definition))
        yield CodeAction(title, "refactor", (edit,))
    if expression is not None and not state.examples:
        yield command(action_titles.pin_in_project(name), "aotlens.pinExampleInProject", str(key))
    if state.examples or state.map is not None:
        yield command(action_titles.edit_example(name), "aotlens.editExample", str(key))
    if state.offered > 1:
        yield command(action_titles.next_example(name), "aotlens.nextExample", str(key))


def pin_of(state: TargetState) -> str | None:
    """The expression to pin for a target: that of its last good trace, else the one that is pinned; None if neither."""
    example = state.map.example if state.map is not None else None
    if example is not None and example.pin is not None:
        return example.pin
    return state.examples[0].expression if state.examples else None


def pin_comment(snapshot: Snapshot, document: Document, state: TargetState) -> TextEdit | None:
    """The edit that writes an example above a class, or a template that the user completes.

    None if the document does not define the class, or must not be edited.
    """
    for definition in reversed(definitions_of(document, state.key.qualname)):
        if can_be_pinned(snapshot, document, definition):
            return _pin(document, definition, pin_of(state) or state.draft or template(document, definition))
    return None


def can_be_pinned(snapshot: Snapshot, document: Document, definition: Definition) -> bool:
    """Whether an example above a definition can be written and is then found; not in a text without a file."""
    key = TargetKey(document.path, definition.qualname)
    return snapshot.can_edit(document) and key.is_in_file and "<locals>" not in definition.qualname


def _pin(document: Document, definition: Definition, expression: str) -> TextEdit:
    text = document.lines[definition.line - 1]
    indent = text[: len(text) - len(text.lstrip())]
    at = Span(document.path, definition.start_line, 1, definition.start_line, 1)
    first, *more = expression.strip().splitlines()
    comment = "".join(f"{indent}# {line}\n" for line in (f"aotlens: {first}", *more))
    return TextEdit(at, comment)
