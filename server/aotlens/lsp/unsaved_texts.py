"""Tells `aotlens mcp --attach` the unsaved texts of trusted files, on a Unix socket that this user alone can use."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from pathlib import Path

from aotlens.session.files import read_python
from aotlens.syntax.source import UnreadableSource
from aotlens.text.notebooks import Cells, remembered
from aotlens_tracer.process.scratch import make_private

from .listening import BACKLOG, Refused, is_same_user, private_socket
from .server import AotlensServer

QUESTION = b"aotlens unsaved 1\n"
"""The line that a client sends. The answer is one line of JSON, `{"unsaved": {path: text}, "cells": {…}}`, and the end.

`cells` has those of notebooks, by path: the number of each code cell, its first line in the text, and its lines.
"""
_SECONDS = 10.0
_log = logging.getLogger(__name__)


def _answer(texts: dict[str, str], cells: dict[str, Cells]) -> bytes:
    unsaved = unsaved_of(texts)
    of_unsaved = {path: found for path, found in cells.items() if path in unsaved}
    return json.dumps({"unsaved": unsaved, "cells": of_unsaved}).encode() + b"\n"


def unsaved_of(texts: dict[str, str]) -> dict[str, str]:
    """Return the texts that are other than on disk. An editor may open a file with what it has kept of before."""
    return {path: text for path, text in texts.items() if text != _on_disk(path)}


def _on_disk(path: str) -> str | None:
    try:
        return read_python(path)
    except (OSError, UnreadableSource):
        return None


async def offer_unsaved_texts(server: AotlensServer, path: str) -> None:
    """Listen until the server ends. If that is not possible, the log says why, and the server does without."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.TimeoutError, ValueError):
            try:
                first = await asyncio.wait_for(is_same_user(reader, writer), _SECONDS)
                if first + await asyncio.wait_for(reader.readline(), _SECONDS) == QUESTION:
                    texts = server.open_texts()
                    cells = {path: found.cells for path in texts if (found := remembered(path)) is not None}
                    writer.write(await asyncio.get_running_loop().run_in_executor(None, _answer, texts, cells))
                    await asyncio.wait_for(writer.drain(), _SECONDS)
            except Refused as refused:
                _log.warning("the unsaved texts are not told: %s", refused)
            finally:
                writer.close()

    try:
        make_private(Path(path).absolute().parent)
        listener = await asyncio.start_unix_server(answer, sock=private_socket(path), backlog=BACKLOG)
    except OSError as error:
        _log.warning("agents cannot learn of unsaved texts on %s: %s", path, error.strerror or error)
        return

    def end() -> None:
        with contextlib.suppress(OSError):
            os.unlink(path)
        listener.close()

    server.cleanups.append(end)
