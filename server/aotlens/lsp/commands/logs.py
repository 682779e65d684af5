"""Commands about an open log: write the names beside its numbers, in it or in a copy."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from lsprotocol import types as lsp

from aotlens.explain import action_titles, command_messages
from aotlens.features.fixes.action import TextEdit
from aotlens.features.logs.comments import comment_edits, decoded
from aotlens.features.logs.matched import named_by_models
from aotlens.features.logs.view import LogView
from aotlens.lsp.capabilities import applies_edits, asks_for_content, checks_versions
from aotlens.lsp.context import Context
from aotlens.lsp.log_documents import log_view
from aotlens.lsp.positions import to_range
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document
from aotlens.text.uris import SCHEME


async def write_names(context: Context, log: Document) -> int:
    """Write the names into a log, as one edit. Gives the number of lines that were changed."""
    view = await log_view(context, log)
    if view is not None and view.is_trace:
        context.say(command_messages.IS_TRACE)
        return 0
    snapshot, loop = context.session.snapshot(), asyncio.get_running_loop()
    edits = await loop.run_in_executor(None, _edits, view, snapshot) if view is not None else []
    if not edits:
        context.say(command_messages.NOTHING_TO_NAME)
        return 0
    if not applies_edits(context.capabilities):
        context.say(command_messages.CANNOT_WRITE_NAMES)
        return 0
    changes = [lsp.TextEdit(to_range(log, edit.span, context.encoding), edit.text) for edit in edits]
    if checks_versions(context.capabilities):
        identifier = lsp.OptionalVersionedTextDocumentIdentifier(log.uri, log.version)
        edit = lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identifier, list(changes))])
    else:
        edit = lsp.WorkspaceEdit(changes={log.uri: changes})
    answer = await context.client.workspace_apply_edit_async(
        lsp.ApplyWorkspaceEditParams(edit, action_titles.WRITE_NAMES)
    )
    return len(changes) if answer.applied else 0


async def decode_log(context: Context, log: Document) -> dict[str, Any] | None:
    """Open a copy of a log with the names, if the client can. Gives its URI and text; null if nothing is known."""
    view = await log_view(context, log)
    snapshot, loop = context.session.snapshot(), asyncio.get_running_loop()
    text = await loop.run_in_executor(None, _decoded, view, snapshot) if view is not None else None
    if text is None:
        context.say(command_messages.NOTHING_TO_NAME)
        return None
    uri = await _shown(context, log, text)
    await context.show_document(uri)
    return {"uri": uri, "text": text}


def _edits(view: LogView, snapshot: Snapshot) -> list[TextEdit]:
    return comment_edits(view, named_by_models(snapshot, view.names))


def _decoded(view: LogView, snapshot: Snapshot) -> str | None:
    """The text with the names; None if none is known."""
    text = decoded(view, named_by_models(snapshot, view.names))
    return text if text != "\n".join(view.document.lines) else None


async def _shown(context: Context, log: Document, text: str) -> str:
    """The URI of a text that the client can open: of a file if it does not ask for contents."""
    name = PurePath(log.path).with_suffix(".decoded.log")
    if asks_for_content(context.capabilities):
        uri = f"{SCHEME}:/decoded/{quote(str(name).rpartition(':')[2].lstrip('/'))}"
        if context.logs.keep_copy(uri, text):
            context.client.workspace_text_document_content_refresh(lsp.TextDocumentContentRefreshParams(uri))
        return uri
    loop = asyncio.get_running_loop()
    path = await loop.run_in_executor(None, context.files.write, log.path, name.name, text)
    return Path(path).as_uri()
