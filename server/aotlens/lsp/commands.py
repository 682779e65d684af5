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
    from aotlens.features.snapshot import TargetKey
    from aotlens.server import AotlensServer

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
        from aotlens.explain.markdown import render_markdown

        key = key_of(target)
        state = self._server.session.snapshot().states.get(key)
        if state is None or state.map is None:
            raise JsonRpcInvalidParams(f"{key.qualname} has no map yet")
        text = render_markdown(state.map, path_label=self._relative, full=False)
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
        if found and not self._server.client_copies:
            more = [f"… and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
            self._say("\n".join(found[:_SHOWN] + more))
        return found

    async def edit_example(self, target: str) -> None:
        """Go to the example of a target."""
        from aotlens_tracer.descriptor_map import Span

        state = self._server.session.snapshot().states.get(key_of(target))
        source = state.examples[0] if state is not None and state.examples else None
        if source is None or source.path is None or source.line is None:
            self._say("there is no example to edit")
            return
        span = Span(source.path, source.line, source.column)
        locations = await self._server.places.locations([span])
        if locations:
            await self._open(locations[0].uri, locations[0].range)

    async def go_to_target(self, target: str) -> None:
        """Go to the definition of a target: of several of its name to that which Python keeps."""
        from aotlens.features.duplicates import definitions_of, replacement
        from aotlens_tracer.descriptor_map import Span

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
        """Write a template of an example above a class, to be filled in."""
        from aotlens.features.code_actions import pin_template
        from aotlens.features.duplicates import definitions_of

        key = key_of(target)
        document = self._server.documents.by_path.get(key.path)
        if document is None or not definitions_of(document, key.qualname):
            self._say(f"{key.qualname} is not in an open document")
            return
        edit = pin_template(self._server.session.snapshot(), document, key.qualname)
        if edit is None:
            self._say(f"{key.qualname} is in a file that is not to be written to: trace a model of yours that uses it")
            return
        if not applies_edits(self._server.client_capabilities):
            self._say(f"write this above {key.qualname}: {edit.text.strip()}")
            return
        text_edit = lsp.TextEdit(to_range(document, edit.span, self._server.encoding), edit.text)
        change = lsp.WorkspaceEdit(changes={document.uri: [text_edit]})
        await self._server.workspace_apply_edit_async(lsp.ApplyWorkspaceEditParams(change, "Pin an example"))

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

    def _say(self, message: str) -> None:
        self._server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, message))

    def _relative(self, path: str) -> str:
        for folder in self._server.session.folders:
            if Path(path).is_relative_to(folder):
                return os.path.relpath(path, folder)
        return path


def key_of(target: Any) -> TargetKey:
    """The target that `path::Qualname` names. Raises InvalidParams for anything else."""
    from aotlens.features.snapshot import TargetKey

    if not isinstance(target, str):
        raise JsonRpcInvalidParams(f"{target!r} is not path::Qualname")
    try:
        return TargetKey.parse(target)
    except ValueError as error:
        raise JsonRpcInvalidParams(str(error)) from None
