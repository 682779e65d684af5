"""The workspace: its folders, settings, trust, and the interpreters that the user selected in the editor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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
        trusted = self.trusted
        if not trusted:
            return Trust(False, ())
        folders = [*(trusted if isinstance(trusted, tuple) else map(str, self.folders)), *self.also_trusted]
        real = [self.real_paths[one] for one in folders if one in self.real_paths]
        return Trust(True, tuple(dict.fromkeys([*folders, *real])))

    @property
    def is_manual(self) -> bool:
        """True if targets are traced only when the user asks for it."""
        return self.settings.trace_run == "manual"

    def folder_of(self, path: str) -> Path:
        """Return the innermost workspace folder that holds a file, or the file's own folder."""
        holding = [folder for folder in self.folders if Path(path).is_relative_to(folder)]
        return max(holding, key=lambda folder: len(folder.parts)) if holding else Path(path).parent

    def holds(self, path: str) -> bool:
        """Return whether a file lies in a workspace folder."""
        return any(Path(path).is_relative_to(folder) for folder in self.folders)

    def includes(self, state: TargetState) -> bool:
        """Return whether a target may be traced automatically, because the settings do not exclude its file."""
        return not self.settings.excludes(state.key.path)
