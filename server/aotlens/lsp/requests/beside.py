"""Has the features look at a large document in another thread, since that may take long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aotlens.text.documents import Document

Found = TypeVar("Found")
Answer = TypeVar("Answer")


def answered(
    document: Document, find: Callable[[], Found], answer: Callable[[Found], Answer]
) -> Answer | Awaitable[Answer]:
    """Give `answer(find())`; if the document is large, a coroutine that calls `find` in another thread."""
    return _later(find, answer) if document.is_large else answer(find())


async def found(document: Document, find: Callable[[], Found]) -> Found:
    """Give `find()`, which is called in another thread if the document is large."""
    return await asyncio.get_running_loop().run_in_executor(None, find) if document.is_large else find()


async def _later(find: Callable[[], Found], answer: Callable[[Found], Answer]) -> Answer:
    return answer(await asyncio.get_running_loop().run_in_executor(None, find))
