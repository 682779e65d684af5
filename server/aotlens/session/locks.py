"""The locks of the projects of open documents, as they are on disk. Nothing is run for them, git neither."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from aotlens.text.documents import Documents
from aotlens_tracer.wire.owners import is_planted

from .background import Background
from .client import Client
from .files import read_text
from .project_file import LOCK_NAME, find_project_file
from .workspace import Workspace

if TYPE_CHECKING:
    from aotlens.model.snapshot import OpenLock

_MOST_BYTES = 16 << 20


class Locks:
    """The lock for each document whose code may run, by path. `by_path` is an immutable value, for snapshots."""

    def __init__(self, workspace: Workspace, documents: Documents, background: Background, client: Client) -> None:
        self._workspace = workspace
        self._documents = documents
        self._background = background
        self._client = client
        self._states = itertools.count()
        self._read: dict[str, tuple[tuple[int, int], OpenLock | None]] = {}
        self.by_path: Mapping[str, OpenLock] = MappingProxyType({})

    def look_soon(self, path: str) -> None:
        """Read the lock for a document, if it has changed on disk, in another thread."""
        self._background.run(self.look(path))

    def look_again(self) -> None:
        """Look at the locks for all open documents."""
        for path in filter(os.path.isabs, self._documents.by_path):
            self.look_soon(path)

    async def look(self, path: str) -> None:
        """Read the lock for a document, if it has changed on disk."""
        trust = self._workspace.trust
        found: OpenLock | None = None
        if trust.covers(path):
            folder, outermost = self._workspace.folder_of(path), trust.outermost(path)
            found = await asyncio.get_running_loop().run_in_executor(None, self._of, path, folder, outermost)
        if found is not self.by_path.get(path):
            others = {other: lock for other, lock in self.by_path.items() if other != path}
            self.by_path = MappingProxyType({**others, path: found} if found is not None else others)
            self._client.states_changed([])

    def closed(self, path: str) -> None:
        """Forget a document."""
        self.by_path = MappingProxyType({other: lock for other, lock in self.by_path.items() if other != path})

    def _of(self, path: str, folder: Path, outermost: str | None) -> OpenLock | None:
        """The lock beside the project file, or in the folder of the workspace. Reads files."""
        project = find_project_file(Path(path), outermost)
        file = str((project.parent if project is not None else folder) / LOCK_NAME)
        try:
            status = os.stat(file)
            state = (status.st_mtime_ns, status.st_size)
            known = self._read.get(file)
            if known is None or known[0] != state:
                known = self._read[file] = (state, self._parsed(file))
            return known[1]
        except OSError:
            return None

    def _parsed(self, file: str) -> OpenLock | None:
        from aotlens.model.lock_text import BadLock, parse_lock  # many classes, which most projects do not need
        from aotlens.model.snapshot import OpenLock

        if is_planted(file):
            self._client.log("warning", f"{file} is not read: another user has put it there")
            return None
        try:
            return OpenLock(file, parse_lock(read_text(Path(file), _MOST_BYTES), file), next(self._states))
        except (BadLock, UnicodeDecodeError) as error:
            self._client.log("warning", f"the lock counts for nothing: {error}")
            return None
