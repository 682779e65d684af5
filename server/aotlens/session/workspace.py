"""The workspace: its folders, settings, trust, and the interpreters that the user selected in the editor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aotlens.model.snapshot import TargetState
from aotlens.model.trust import Trust

from .settings import Settings
from .tracer.interpreter import Interpreter


class Workspace:
    """The decisions of the user. Its attributes change on the event loop only; their values are immutable."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.trusted: bool | tuple[str, ...] = False
        """The trust of the client: True for the folders of the workspace, or the folders that it trusts."""
        self.also_trusted: tuple[str, ...] = ()
        """Folders that the user has trusted since the server started."""
        self.real_paths: Mapping[str, str] = {}
        """The folders that trusted ones are links to, as far as they were looked up."""
        self.folders: tuple[Path, ...] = ()
        self.selected: Mapping[Path, Interpreter] = {}
        """The interpreter that is selected in the editor, by workspace folder."""
        self.configured = asyncio.Event()
        """Set once the client's settings are known, or the client turned out to have none."""

    @property
    def trust(self) -> Trust:
        """The files whose code may run."""
        trusted, opened = self.trusted, tuple(map(str, self.folders))
        if not trusted:
            return Trust(False, (), distrusted=opened)
        listed = (*(trusted if isinstance(trusted, tuple) else opened), *self.also_trusted)
        known = Trust(True, self._with_real(listed))
        distrusted = tuple(folder for folder in opened if not known.covers_folder(folder))
        # Who opens a folder and trusts it works with what it is part of, unless that is open too, and not trusted.
        whole = {one for one in opened if not any(Path(one).is_relative_to(other) for other in distrusted)}
        named = tuple(folder for folder in listed if folder not in whole)
        return replace(known, named=self._with_real(named), distrusted=distrusted)

    @property
    def is_manual(self) -> bool:
        """True if targets are traced only when the user asks for it."""
        return self.settings.trace_run == "manual"

    def folder_of(self, path: str) -> Path:
        """Return the innermost workspace folder that holds a file, or the file's own folder.

        A trusted file in a workspace folder that is not trusted as a whole is as one outside of it.
        """
        trust = self.trust
        is_trusted = trust.covers(path)
        holding = [
            folder
            for folder in self.folders
            if Path(path).is_relative_to(folder) and (not is_trusted or trust.covers_folder(str(folder)))
        ]
        return max(holding, key=lambda folder: len(folder.parts)) if holding else Path(path).parent

    def holds(self, path: str) -> bool:
        """Return whether a file lies in a workspace folder."""
        return any(Path(path).is_relative_to(folder) for folder in self.folders)

    def _with_real(self, folders: tuple[str, ...]) -> tuple[str, ...]:
        """Return folders, and those that they are links to."""
        real = (self.real_paths[folder] for folder in folders if folder in self.real_paths)
        return tuple(dict.fromkeys((*folders, *real)))

    def includes(self, state: TargetState) -> bool:
        """Return whether a target may be traced automatically, because the settings do not exclude its file."""
        return not self.settings.excludes(state.key.path)
