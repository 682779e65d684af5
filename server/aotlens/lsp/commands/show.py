"""Commands that open a document: a map, a graph, the definition of a target; and the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp

from aotlens.explain import command_messages
from aotlens.explain.graph_lines import Kind
from aotlens.explain.render.markdown import markdown
from aotlens.explain.visible import visible
from aotlens.features.lock_difference import in_blocks
from aotlens.lsp.context import Context
from aotlens.lsp.graph_documents import show as show_graph_document
from aotlens.lsp.positions import to_range
from aotlens.lsp.targets import map_as_markdown, report_as_html
from aotlens.model.duplicates import definitions_of, replacement
from aotlens.model.snapshot import TargetKey
from aotlens_tracer.wire.places import Span


async def show_map(context: Context, target: TargetKey) -> dict[str, Any]:
    """Open the map of a target as a Markdown file, if the client can. Gives its text and path."""
    text = await map_as_markdown(context, target)
    loop = asyncio.get_running_loop()
    path = await loop.run_in_executor(None, context.files.write, target.path, f"{target.qualname}.map.md", text)
    await context.show_document(Path(path).as_uri())
    return {"markdown": text, "path": path}


async def show_report(context: Context, target: TargetKey) -> dict[str, Any]:
    """Open the page about a target in a browser, if the client can. Gives its path."""
    text = await report_as_html(context, target)
    loop = asyncio.get_running_loop()
    path = await loop.run_in_executor(None, context.files.write, target.path, f"{target.qualname}.report.html", text)
    await context.show_document(Path(path).as_uri(), external=True)
    return {"path": path}


async def show_difference(context: Context, target: TargetKey) -> dict[str, Any] | None:
    """Open what has changed in a target since it was locked, if the client can. Gives its text and path."""
    blocks = in_blocks(context.session.snapshot(), target)
    if blocks is None:
        context.say(command_messages.as_locked(target.qualname))
        return None
    text, loop = visible(markdown(blocks)), asyncio.get_running_loop()
    path = await loop.run_in_executor(None, context.files.write, target.path, f"{target.qualname}.diff.md", text)
    await context.show_document(Path(path).as_uri())
    return {"markdown": text, "path": path}


async def show_graph(
    context: Context, target: TargetKey, kind: Kind = "joint", module: str | None = None
) -> dict[str, Any]:
    """Open the joint, forward or backward graph of a target, if the client can, where a module of it begins.

    Gives its URI, and the range of the title of that module; without a module, or if it has no operations, None.
    """
    uri, text = await show_graph_document(context, target, kind)
    line = text.line_of(module) if module is not None else None
    place = None
    if line is not None:
        here = lsp.Position(line - 1, 0)
        place = lsp.Range(here, here)
    await context.show_document(uri, place)
    return {"uri": uri, "range": place}


async def go_to_target(context: Context, target: TargetKey) -> None:
    """Go to the definition of a target; if several have its name, to the one that Python keeps."""
    document = context.documents.by_path.get(target.path)
    found = definitions_of(document, target.qualname) if document is not None else []
    if document is None or not found:
        context.say(command_messages.not_open(target.qualname))
        return
    kept = replacement(context.session.snapshot(), document, target.qualname, 0) or found[-1]
    place = to_range(document, Span(target.path, kept.line), context.encoding)
    await context.show_document(document.uri, place)


def show_logs(context: Context) -> str:
    """The last lines of the server's log."""
    return "\n".join(context.log_lines)
