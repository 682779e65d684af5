"""Converts spans of any file to LSP locations: by the text of open documents, and by files on disk otherwise."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable

from lsprotocol import types as lsp

from aotlens.session.files import read_python
from aotlens.syntax.source import UnreadableSource
from aotlens.text.documents import Document, Documents
from aotlens_tracer.wire.places import Span

from .notebooks.open_notebooks import OpenNotebooks
from .positions import Encoding, to_range

CACHE_SIZE = 64


class Places:
    """Converts spans. Files that are not open are read in a thread, and kept while they do not change."""

    def __init__(self, documents: Documents, notebooks: OpenNotebooks, encoding: Encoding) -> None:
        self._documents = documents
        self._notebooks = notebooks
        self._encoding = encoding
        self._closed: dict[str, tuple[int, Document]] = {}

    async def locations(self, spans: Iterable[Span]) -> list[lsp.Location]:
        """The spans as locations, without those whose files cannot be read."""
        return [lsp.Location(self._documents.uri_of(span.path), found) for span, found in await self._ranges(spans)]

    async def ranges(self, spans: Iterable[Span]) -> dict[Span, lsp.Range]:
        """The ranges of the spans whose files can be read."""
        return dict(await self._ranges(spans))

    def uri(self, path: str) -> str:
        """The URI of a path, as the client writes it."""
        return self._documents.uri_of(path)

    def address(self, span: Span) -> str:
        """The address for a link to a span. One in a notebook is that of its cell: it has no room for a line."""
        cell = self._notebooks.at(span.path, span.line - 1)
        if cell is not None:
            return cell.uri
        return f"{self.uri(span.path)}#L{span.line}" + (f",{span.column}" if span.column else "")

    async def _ranges(self, spans: Iterable[Span]) -> list[tuple[Span, lsp.Range]]:
        found = []
        for span in spans:
            document = await self._document(span.path)
            if document is not None:
                found.append((span, to_range(document, span, self._encoding)))
        return found

    async def _document(self, path: str) -> Document | None:
        document = self._documents.by_path.get(path)
        if document is not None:
            return document
        return await asyncio.get_running_loop().run_in_executor(None, self._read, path)

    def _read(self, path: str) -> Document | None:
        try:
            changed = os.stat(path).st_mtime_ns
            kept = self._closed.get(path)
            if kept is not None and kept[0] == changed:
                return kept[1]
            text = read_python(path)
        except (OSError, UnreadableSource):
            return None
        if len(self._closed) >= CACHE_SIZE:
            self._closed.clear()
        document = Document(self._documents.uri_of(path), path, 0, text)
        self._closed[path] = (changed, document)
        return document
