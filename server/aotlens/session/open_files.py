"""Facts about the open files: versions at opening, unsaved changes, exclusion, write permission."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping

from .files import is_read_only
from .settings import Settings


class OpenFiles:
    """The open files. `excluded` and `read_only` are immutable values, for snapshots.

    `on_change` is called when `read_only` has changed.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.opened: dict[str, int] = {}
        """The version of each document when it was opened. Until then its text was that on disk."""
        self.unsaved: set[str] = set()
        self.excluded: frozenset[str] = frozenset()
        """Files that are traced only when the user asks for it."""
        self.read_only: frozenset[str] = frozenset()

    def open(self, path: str, version: int, settings: Settings) -> None:
        """Add a file that was opened."""
        self.opened[path] = version
        if settings.excludes(path):
            self.excluded |= {path}

    def close(self, path: str) -> bool:
        """Remove a file that was closed. Returns whether it had unsaved changes."""
        was_unsaved = path in self.unsaved
        self.unsaved.discard(path)
        self.opened.pop(path, None)
        self.excluded -= {path}
        self.read_only -= {path}
        return was_unsaved

    def save(self, path: str) -> None:
        """Record that a file was saved: it can be written to."""
        self.unsaved.discard(path)
        self.read_only -= {path}

    async def look_at_permissions(self, path: str) -> None:
        """Find out whether a file must not be written to, in another thread."""
        locked = await asyncio.get_running_loop().run_in_executor(None, is_read_only, path)
        if locked and path in self.opened:
            self.read_only |= {path}
            self._on_change()

    def exclude(self, paths: Collection[str], settings: Settings) -> None:
        """Apply changed settings to the open files."""
        self.excluded = frozenset(filter(settings.excludes, paths))

    def versions_read(self, versions: Mapping[str, int]) -> dict[str, int]:
        """Return the versions that a trace has read, if those of the open files were these when it began.

        A file that was opened since was read from disk, in the version that was opened.
        """
        return {**self.opened, **versions}

    def are_saved(self, paths: Iterable[str]) -> bool:
        """Return whether none of these files has unsaved changes."""
        return self.unsaved.isdisjoint(paths)
