"""The files of the workspace that the paths in a log may be: logs come from other machines and containers."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from aotlens.logs.source_lines import nearest_files
from aotlens.text.documents import Documents

from .examples.searched_files import searched_files
from .workspace import Workspace

LISTED_SECONDS = 30.0
"""How long a list of the workspace's files is used."""


class LogFiles:
    """Finds the files that paths in logs stand for."""

    def __init__(self, workspace: Workspace, documents: Documents) -> None:
        self._workspace = workspace
        self._documents = documents
        self._listed: tuple[float, tuple[str, ...]] = (float("-inf"), ())

    async def find(self, paths: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the files that each path may be: itself, if there is such a file, else the nearest of the workspace.

        A path for which there is no file is left out. The folders are read in another thread.
        """
        wanted = tuple(dict.fromkeys(paths))
        if not wanted:
            return MappingProxyType({})
        open_files = tuple(path for path, document in self._documents.by_path.items() if document.is_python)
        folders = self._workspace.folders
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self._find, wanted, open_files, folders)

    def _find(
        self, wanted: tuple[str, ...], open_files: tuple[str, ...], folders: tuple[Path, ...]
    ) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for path in wanted:
            if os.path.isabs(path) and (path in open_files or os.path.isfile(path)):
                found[path] = (path,)
            elif near := nearest_files(path, (*open_files, *self._files(folders))):
                found[path] = near
        return MappingProxyType(found)

    def _files(self, folders: tuple[Path, ...]) -> tuple[str, ...]:
        listed_at, files = self._listed
        if time.monotonic() - listed_at > LISTED_SECONDS:
            walked = (file for folder in folders for file in searched_files(folder))
            files = tuple(dict.fromkeys(file for file in walked if file.endswith(".py")))
            self._listed = (time.monotonic(), files)
        return files
