"""Follows the user's trust: what is no longer trusted is ended, and what is trusted now is traced."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aotlens.model.trust import Trust
from aotlens.text.documents import Documents

from .automatic import AutomaticTraces
from .background import Background
from .client import Client
from .kept.keeper import KeptMaps
from .scheduler import Scheduler
from .states import States
from .workspace import Workspace


class TrustedFolders:
    """Changes the trust of the workspace. `end_all` ends all tracers."""

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        documents: Documents,
        states: States,
        scheduler: Scheduler,
        automatic: AutomaticTraces,
        kept: KeptMaps,
        background: Background,
        look_at_lock: Callable[[str], None],
        end_all: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._documents = documents
        self._states = states
        self._scheduler = scheduler
        self._automatic = automatic
        self._kept = kept
        self._background = background
        self._look_at_lock = look_at_lock
        self._end_all = end_all

    def state(self, trusted: bool | tuple[str, ...]) -> None:
        """The client trusts the folders of the workspace, the folders that are named, or none."""
        before, self._workspace.trusted = self._workspace.trust, trusted
        if not trusted:
            self._workspace.also_trusted = ()
        self.follow(before)

    def add(self, folder: str) -> None:
        """The user trusts one more folder, until the server ends."""
        before = self._workspace.trust
        self._workspace.also_trusted += (folder,)
        self.follow(before)

    def follow(self, before: Trust) -> None:
        """The trust, or the folders that it is of, have changed."""
        now = self._workspace.trust
        if now == before:
            return
        if before.is_given and not now.is_given:
            self._background.run(self._end_all())
        left = [key for key in self._states.by_key if before.covers(key.path) and not now.covers(key.path)]
        self._scheduler.cancel(left)
        for path in self._documents.by_path:
            if now.covers(path) != before.covers(path):
                self._look_at_lock(path)
            if now.covers(path) and not before.covers(path):
                self._background.run(self._kept.restore(path))
                self._automatic.trace_open(path)
        covered = [each for each in self._states.all() if before.covers(each.key.path) and now.covers(each.key.path)]
        other = [each for each in covered if before.outermost(each.key.path) != now.outermost(each.key.path)]
        self._states.outdate(other, "folders")  # another environment, project or package may count
        if self._states.by_key:
            self._client.states_changed(list(self._states.by_key))
        if unknown := [folder for folder in now.folders or () if folder not in self._workspace.real_paths]:
            self._background.run(self._resolve(unknown))

    async def _resolve(self, folders: Iterable[str]) -> None:
        """Find the folders that trusted ones are links to: an editor may name a file of theirs by either path."""
        loop = asyncio.get_running_loop()
        found = {folder: await loop.run_in_executor(None, os.path.realpath, folder) for folder in folders}
        before = self._workspace.trust
        self._workspace.real_paths = {**self._workspace.real_paths, **found, **{real: real for real in found.values()}}
        self.follow(before)
