"""Targets as clients name them, `path::Qualname`, and their maps."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from pygls.exceptions import JsonRpcInvalidParams

from aotlens.explain.paths import PathLabel
from aotlens.explain.render.markdown_report import render_markdown
from aotlens.model.duplicates import definitions_of
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .context import Context
from .sources import SourcesNow


def parse_target(text: object) -> TargetKey:
    """The target that a client names. Raises InvalidParams."""
    if not isinstance(text, str):
        raise JsonRpcInvalidParams(f"{text!r} is not path::Qualname")
    try:
        return TargetKey.parse(text)
    except ValueError as error:
        raise JsonRpcInvalidParams(str(error)) from None


def is_known(context: Context, key: TargetKey) -> bool:
    """Whether a target has a state, is defined in an open document, or names a file that is not open."""
    if key in context.session.snapshot().states:
        return True
    document = context.documents.by_path.get(key.path)
    return bool(definitions_of(document, key.qualname)) if document is not None else os.path.isfile(key.path)


def state_of(context: Context, key: TargetKey) -> TargetState:
    """The state of a target; of one that was never traced, the initial state."""
    return context.session.snapshot().states.get(key) or TargetState(key)


def map_of(context: Context, key: TargetKey) -> DescriptorMap:
    """The last good map of a target. Raises InvalidParams if it has none."""
    map = state_of(context, key).map
    if map is None:
        raise JsonRpcInvalidParams(f"{key.qualname} has no map yet")
    return map


def relative_path(context: Context) -> PathLabel:
    """The function that makes a path relative to the folder of the workspace that it is in."""
    folders = list(context.session.folders)

    def relative(path: str) -> str:
        folder = next((folder for folder in folders if Path(path).is_relative_to(folder)), None)
        return os.path.relpath(path, folder) if folder is not None else path

    return relative


async def map_as_markdown(context: Context, key: TargetKey) -> str:
    """The map of a target as a document. Raises InvalidParams if it has none."""
    map, relative = map_of(context, key), relative_path(context)

    def render() -> str:
        return render_markdown(map, path_label=relative, full=False)

    return await asyncio.get_running_loop().run_in_executor(None, render)


async def report_as_html(context: Context, key: TargetKey) -> str:
    """The page about a target that `aotlens report` would write, of the map that is there. Raises InvalidParams."""
    from aotlens.page.document import page  # imported here: few people ask for it

    map, relative = map_of(context, key), relative_path(context)
    sources = SourcesNow(context.session.snapshot(), state_of(context, key))
    return await asyncio.get_running_loop().run_in_executor(None, page, [map], sources, relative)
