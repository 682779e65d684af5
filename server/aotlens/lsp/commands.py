"""The commands of `workspace/executeCommand`. Each takes targets as `path::Qualname`."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from .capabilities import applies_edits, shows_documents
from .positions import to_range
from .temporary import write

if TYPE_CHECKING:
    from aotlens.model.snapshot import TargetKey, TargetState
    from aotlens_tracer.wire.descriptor_map import Span

    from .app import AotlensServer

_log = logging.getLogger(__name__)
_SHOWN = 10
"""Of several descriptors so many are shown."""


def register(server: AotlensServer) -> None:
    """Add every command to the server."""
    commands = _Commands(server)
    for name, handler in {
        "aotlens.traceNow": commands.trace_now,
        "aotlens.cancelTrace": commands.cancel_trace,
        "aotlens.chooseContext": commands.choose_context,
        "aotlens.showMap": commands.show_map,
        "aotlens.showGraph": commands.show_graph,
        "aotlens.copyExpression": commands.copy_expression,
        "aotlens.editExample": commands.edit_example,
        "aotlens.goToTarget": commands.go_to_target,
        "aotlens.pinExample": commands.pin_example,
        "aotlens.pinExampleInProject": commands.pin_example_in_project,
        "aotlens.nextExample": commands.next_example,
        "aotlens.restartTracer": commands.restart_tracer,
        "aotlens.showLogs": commands.show_logs,
    }.items():
        server.command(name)(handler)


class _Commands:
    def __init__(self, server: AotlensServer) -> None:
        self._server = server

    async def trace_now(self, target: str) -> None:
        """Trace a target, whatever `aotlens.trace.run` says."""
        if not self._server.session.trusted:
            self._say("aotlens does not run code of a workspace that is not trusted")
            return
        self._server.session.trace_now([key_of(target)])

    async def cancel_trace(self, target: str) -> None:
        """Stop tracing a target."""
        self._server.session.cancel(key_of(target))

    async def choose_context(self, of: str, context: str) -> None:
        """Let the map of one target answer for a class that occurs in several."""
        self._server.session.choose_context(key_of(of), key_of(context))

    async def show_map(self, target: str) -> dict[str, Any]:
        """The map of a target as a markdown document, which is opened where the client can; its text and place."""
        key = key_of(target)
        text = map_as_markdown(self._server, key)
        path = await asyncio.get_running_loop().run_in_executor(None, write, f"{key.qualname}.map.md", text)
        await self._open(Path(path).as_uri(), None)
        return {"markdown": text, "path": path}

    async def show_graph(self, target: str, kind: str = "joint") -> dict[str, Any]:
        """The joint, forward or backward graph of a target as a document, which is opened where the client can."""
        uri = await self._server.handlers.graphs.show(key_of(target), kind)
        await self._open(uri, None)
        return {"uri": uri}

    async def copy_expression(self, target: str, labels: Any) -> list[str]:
        """The descriptors, as Python that builds them, of the slots of a target that have these labels.

        A server has no clipboard: who cannot put them there shows them.
        """
        key = key_of(target)
        state = self._server.session.snapshot().states.get(key)
        if state is None or state.map is None:
            raise JsonRpcInvalidParams(f"{key.qualname} has no map yet")
        wanted = [labels] if isinstance(labels, str) else labels
        if not isinstance(wanted, list):
            raise JsonRpcInvalidParams(f"{labels!r} is no label and no list of labels")
        slots = [slot for graph in state.map.graphs for slot in (*graph.inputs, *graph.outputs)]
        found = [slot.descriptor for slot in slots if slot.label in wanted and slot.descriptor is not None]
        if found and not self._server.offers.clipboard:
            more = [f"… and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
            self._say("\n".join(found[:_SHOWN] + more))
        return found

    async def edit_example(self, target: str) -> None:
        """Go to the example of a target: to where it stands, or to a comment that it is pinned in now."""
        from aotlens_tracer.wire.descriptor_map import Span

        state = self._state(target)
        source = state.examples[0] if state.examples else None
        span = Span(source.path, source.line, source.column) if source and source.path and source.line else None
        example = state.map.example if state.map is not None else None
        if span is None and example is not None and example.recorded_in is None:
            span = example.source
        if span is None and state.key.path in self._server.documents.by_path:
            span = await self._pin_as_comment(state)
        if span is None:
            self._say("there is no example to edit")
            return
        locations = await self._server.places.locations([span])
        if locations:
            await self._open(locations[0].uri, locations[0].range)

    async def go_to_target(self, target: str) -> None:
        """Go to the definition of a target: of several of its name to that which Python keeps."""
        from aotlens.model.duplicates import definitions_of, replacement
        from aotlens_tracer.wire.descriptor_map import Span

        key = key_of(target)
        document = self._server.documents.by_path.get(key.path)
        found = definitions_of(document, key.qualname) if document is not None else []
        if document is None or not found:
            self._say(f"{key.qualname} is not in an open document")
            return
        kept = replacement(self._server.session.snapshot(), document, key.qualname, 0) or found[-1]
        span = to_range(document, Span(key.path, kept.line), self._server.encoding)
        await self._open(document.uri, span)

    async def pin_example(self, target: str) -> None:
        """Write the example of a target above it, or one to be completed."""
        await self._pin_as_comment(self._state(target))

    async def pin_example_in_project(self, target: str) -> None:
        """Write the example of a target into the nearest pyproject.toml."""
        from aotlens.features.fixes.code_actions import pin_of
        from aotlens.session.examples.project import pin_in_project

        state = self._state(target)
        expression, path = pin_of(state), Path(state.key.path)
        if expression is None:
            self._say(f"there is no example of {state.key.qualname} to pin")
            return
        loop = asyncio.get_running_loop()
        insertion = await loop.run_in_executor(None, pin_in_project, path, state.key.qualname, expression)
        if insertion is None:
            self._say(f"there is no pyproject.toml above {path.name} that could hold the example")
            return
        position = lsp.Position(insertion.row, 0)
        edit = lsp.TextEdit(lsp.Range(position, position), insertion.text)
        what = f"write this into {insertion.project}:\n{insertion.text.strip()}"
        await self._apply(lsp.WorkspaceEdit(changes={insertion.project.as_uri(): [edit]}), what)

    async def next_example(self, target: str) -> None:
        """Trace a target with the next of the examples that there are for it."""
        key = key_of(target)
        if not self._server.session.trusted:
            self._say("aotlens does not run code of a workspace that is not trusted")
        elif not self._server.session.next_example(key):
            self._say(f"there is no other example of {key.qualname}")

    async def _pin_as_comment(self, state: TargetState) -> Span | None:
        """Write the example above its class. Gives where it is; None where the client did not."""
        from aotlens.features.fixes.code_actions import pin_comment
        from aotlens.model.duplicates import definitions_of
        from aotlens_tracer.wire.descriptor_map import Span

        document = self._server.documents.by_path.get(state.key.path)
        name = state.key.qualname
        if document is None or not definitions_of(document, name):
            self._say(f"{name} is not in an open document")
            return None
        edit = pin_comment(self._server.session.snapshot(), document, state)
        if edit is None:
            self._say(f"{name} is in a file that is not to be written to: trace a model of yours that uses it")
            return None
        text_edit = lsp.TextEdit(to_range(document, edit.span, self._server.encoding), edit.text)
        what = f"write this above {name}: {edit.text.strip()}"
        done = await self._apply(lsp.WorkspaceEdit(changes={document.uri: [text_edit]}), what)
        return Span(edit.span.path, edit.span.line, edit.span.column) if done else None

    async def _apply(self, edit: lsp.WorkspaceEdit, otherwise: str) -> bool:
        """Let the client make an edit, or tell the user what to write; whether it was made."""
        if not applies_edits(self._server.client_capabilities):
            self._say(otherwise)
            return False
        params = lsp.ApplyWorkspaceEditParams(edit, "Pin an example")
        return (await self._server.workspace_apply_edit_async(params)).applied

    async def restart_tracer(self) -> None:
        """End all tracers, and trace anew what is open."""
        await self._server.session.restart()

    async def show_logs(self) -> str:
        """The last lines of the server's log."""
        return "\n".join(self._server.log_lines)

    async def _open(self, uri: str, selection: lsp.Range | None) -> None:
        if shows_documents(self._server.client_capabilities):
            params = lsp.ShowDocumentParams(uri, take_focus=True, selection=selection)
            try:
                await self._server.window_show_document_async(params)
            except Exception as error:  # whatever the client makes of it: the answer of the command does not need it
                _log.warning("the client did not show %s: %s", uri, error)

    def _state(self, target: str) -> TargetState:
        from aotlens.model.snapshot import TargetState

        key = key_of(target)
        return self._server.session.snapshot().states.get(key) or TargetState(key)

    def _say(self, message: str) -> None:
        self._server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, message))


def map_as_markdown(server: AotlensServer, key: TargetKey) -> str:
    """The map of a target as a document. Raises InvalidParams where there is none."""
    from aotlens.explain.render.markdown_report import render_markdown

    state = server.session.snapshot().states.get(key)
    if state is None or state.map is None:
        raise JsonRpcInvalidParams(f"{key.qualname} has no map yet")

    def relative(path: str) -> str:
        for folder in server.session.folders:
            if Path(path).is_relative_to(folder):
                return os.path.relpath(path, folder)
        return path

    return render_markdown(state.map, path_label=relative, full=False)


def key_of(target: Any) -> TargetKey:
    """The target that `path::Qualname` names. Raises InvalidParams for anything else."""
    from aotlens.model.snapshot import TargetKey

    if not isinstance(target, str):
        raise JsonRpcInvalidParams(f"{target!r} is not path::Qualname")
    try:
        return TargetKey.parse(target)
    except ValueError as error:
        raise JsonRpcInvalidParams(str(error)) from None
