"""The open logs that were read: each version of a log once, in a thread beside the event loop."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aotlens.text.documents import Document

if TYPE_CHECKING:
    from aotlens.features.logs.reading import Reading

MOST_COPIES = 32
"""Copies of logs that are kept for the client to ask for: the last ones."""
_LANGUAGES = ("log", "plaintext", "text", "txt")
_ENDINGS = (".log", ".txt", ".out", ".err")


@dataclass(frozen=True)
class _Kept:
    document: Document
    task: asyncio.Task[Reading | None]


class LogTexts:
    """The open logs that were asked about."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._copies: dict[str, str] = {}

    def is_log(self, document: Document | None) -> bool:
        """Whether a document may be a log, by its language and name."""
        if document is None or document.is_python:
            return False
        ending = PurePath(re.split("[?#]", document.path)[0]).suffix.lower()
        return document.language.lower() in _LANGUAGES or ending in _ENDINGS

    async def read(self, document: Document) -> Reading | None:
        """The reading of a log; None if it has nothing of torch's, or was edited before it could be read."""
        kept = self._kept.get(document.path)
        if kept is None or kept.document is not document:
            before = kept.task if kept is not None else None
            kept = _Kept(document, asyncio.ensure_future(self._read(before, document)))
            self._kept[document.path] = kept
        # The reading goes on if the client cancels its request: the next one needs it too.
        return await asyncio.shield(kept.task)

    def keep_copy(self, uri: str, text: str) -> bool:
        """Keep the text of a copy, to be asked for by its URI. Gives whether there was one before."""
        name = unquote(uri)  # clients write some characters in another way
        is_known = name in self._copies
        self._copies.pop(name, None)
        self._copies[name] = text
        for oldest in list(self._copies)[:-MOST_COPIES]:
            del self._copies[oldest]
        return is_known

    def copy(self, uri: str) -> str | None:
        """The text of the copy with a URI; None if there is none."""
        return self._copies.get(unquote(uri))

    def closed(self, path: str) -> None:
        """A document was closed."""
        self._kept.pop(path, None)
        self._copies.pop(unquote(path), None)

    async def _read(self, before: asyncio.Task[Reading | None] | None, document: Document) -> Reading | None:
        """Read a document after the version before it. While the user types, versions in between are left out."""
        if before is not None:
            await asyncio.wait([before])
        kept = self._kept.get(document.path)
        if kept is None or kept.document is not document:
            return None
        from aotlens.features.logs.reading import read  # most sessions have no log

        return await asyncio.get_running_loop().run_in_executor(None, read, document)
