"""Commands about the example of a target: go to it, pin it above its class or in the project file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types as lsp

from aotlens.explain import command_messages
from aotlens.features.fixes.examples import pin_comment, pin_of
from aotlens.lsp.capabilities import applies_edits
from aotlens.lsp.context import Context
from aotlens.lsp.notebooks.answers import edit_in_cells
from aotlens.lsp.positions import to_range
from aotlens.lsp.targets import state_of
from aotlens.model.duplicates import definitions_of
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.session.examples.project import pin_in_project
from aotlens_tracer.wire.places import Span


async def edit_example(context: Context, target: TargetKey) -> None:
    """Go to the example of a target: to its source, or to a comment that pins it, which is written first."""
    state = state_of(context, target)
    span = _source_of_example(state)
    if span is None and target.path in context.documents.by_path:
        span = await _pin_as_comment(context, state)
    if span is None:
        context.say(command_messages.NO_EXAMPLE)
        return
    locations = await context.places.locations([span])
    if locations:
        await context.show_document(locations[0].uri, locations[0].range)


async def pin_example(context: Context, target: TargetKey) -> None:
    """Write the example of a target above it, or a template to complete."""
    await _pin_as_comment(context, state_of(context, target))


async def pin_example_in_project(context: Context, target: TargetKey) -> None:
    """Write the example of a target into the nearest pyproject.toml."""
    expression, path = pin_of(state_of(context, target)), Path(target.path)
    if expression is None:
        context.say(command_messages.nothing_to_pin(target.qualname))
        return
    loop, outermost = asyncio.get_running_loop(), context.session.trust.outermost(target.path)
    insertion = await loop.run_in_executor(None, pin_in_project, path, target.qualname, expression, outermost)
    if insertion is None:
        context.say(command_messages.no_project_file(path))
        return
    position = lsp.Position(insertion.row, 0)
    edit = lsp.TextEdit(lsp.Range(position, position), insertion.text)
    instruction = command_messages.write_into(insertion.project, insertion.text)
    await _apply(context, lsp.WorkspaceEdit(changes={insertion.project.as_uri(): [edit]}), instruction)


def _source_of_example(state: TargetState) -> Span | None:
    """The place of the pinned example, or of the one that the map was traced with; None if neither has a place.

    A recorded example has none: it is a call inside of another target.
    """
    pinned = state.examples[0] if state.examples else None
    if pinned is not None and pinned.path and pinned.line:
        return Span(pinned.path, pinned.line, pinned.column)
    example = state.map.example if state.map is not None else None
    return example.source if example is not None and example.recorded_in is None else None


async def _pin_as_comment(context: Context, state: TargetState) -> Span | None:
    """Write the example above its class. Gives the place of the comment; None if the client did not write it."""
    document, name = context.documents.by_path.get(state.key.path), state.key.qualname
    if document is None or not definitions_of(document, name):
        context.say(command_messages.not_open(name))
        return None
    edit = pin_comment(context.session.snapshot(), document, state)
    if edit is None:
        context.say(command_messages.not_yours(name))
        return None
    text_edit = lsp.TextEdit(to_range(document, edit.span, context.encoding), edit.text)
    instruction = command_messages.write_above(name, edit.text)
    done = await _apply(context, lsp.WorkspaceEdit(changes={document.uri: [text_edit]}), instruction)
    return Span(edit.span.path, edit.span.line, edit.span.column) if done else None


async def _apply(context: Context, edit: lsp.WorkspaceEdit, instruction: str) -> bool:
    """Let the client make an edit, and give whether it did; show the instruction to the user if it cannot."""
    if not applies_edits(context.capabilities):
        context.say(instruction)
        return False
    params = lsp.ApplyWorkspaceEditParams(edit_in_cells(context.notebooks, edit), "Pin an example")
    return (await context.client.workspace_apply_edit_async(params)).applied
