"""Reads large documents beside the event loop: what is to be known of their text waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aotlens.text.documents import Document, Documents


class Reading:
    """The large documents that are being read: each one once at a time, its latest version next."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._under_way: dict[str, asyncio.Future[None]] = {}

    def by_path(self) -> Mapping[str, Document]:
        """The open documents but for those that are still to be read."""
        documents = self._documents.by_path
        if all(document.is_read for document in documents.values()):
            return documents
        return {path: document for path, document in documents.items() if document.is_read}

    async def document(self, path: str) -> Document | None:
        """Return a document once it is read, in its latest version; None if it is not open."""
        while (document := self._documents.by_path.get(path)) is not None and not document.is_read:
            if path not in self._under_way:
                reading = asyncio.get_running_loop().run_in_executor(None, document.read)
                self._under_way[path] = reading
                reading.add_done_callback(lambda _: self._under_way.pop(path, None))
            # It goes on if the client cancels the request that waits: the next one needs it too.
            await asyncio.shield(self._under_way[path])
        return document

    async def all(self) -> None:
        """Wait until every document is read."""
        for path in self._documents.by_path:
            await self.document(path)
