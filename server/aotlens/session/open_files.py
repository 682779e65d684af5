"""Facts about the open files: versions at opening, unsaved changes, exclusion, write permission."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .settings import Settings


class OpenFiles:
    """The open files. `excluded` and `read_only` are immutable values, for snapshots."""

    def __init__(self) -> None:
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

    def set_read_only(self, path: str) -> None:
        """Record that a file must not be written to, if it is still open."""
        if path in self.opened:
            self.read_only |= {path}

    def exclude(self, paths: Collection[str], settings: Settings) -> None:
        """Apply changed settings to the open files."""
        self.excluded = frozenset(filter(settings.excludes, paths))

    def are_saved(self, paths: Iterable[str]) -> bool:
        """Return whether none of these files has unsaved changes."""
        return self.unsaved.isdisjoint(paths)
