"""The files whose code may run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class Trust:
    """The trust that the client and the user have given.

    `is_given` says that something is trusted; without it no code runs, wherever it is. `folders` are the trusted ones,
    as absolute paths; None if every folder is. `named` are those of them that are not of the workspace: above these,
    nothing is obeyed. `distrusted` are the folders of the workspace that are not trusted as a whole.
    """

    is_given: bool = True
    folders: tuple[str, ...] | None = None
    named: tuple[str, ...] = ()
    distrusted: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        """Whether the code of a file may run. `path` is absolute.

        No folder covers a path with `..` in it, as a log may have: it can lead out of the folder that it begins with.
        """
        if not self.is_given or self.folders is None:
            return self.is_given
        if os.pardir in path and os.pardir in PurePath(path).parts:
            return False
        return any(_is_within(path, folder) for folder in self.folders)

    def covers_folder(self, folder: str) -> bool:
        """Whether the code of every file in a folder may run. `folder` is absolute."""
        return self.covers(os.path.join(folder, ""))

    def outermost(self, path: str) -> str | None:
        """The folder above which nothing is obeyed for a file, be it an environment, a project or a package.

        None if nothing limits it: the client trusts the folders of its workspace, and so what they are part of.
        """
        covering = [folder for folder in self.folders or () if _is_within(path, folder)]
        is_limited = bool(covering) and all(folder in self.named for folder in covering)
        return min(covering, key=len) if is_limited else None

    def may_start(self, program: str) -> bool:
        """Whether a program that the environment of the server names may be started.

        Not from a folder of the workspace that is not trusted: another tool may have named it without being asked.
        """
        return self.covers(program) or not any(_is_within(program, folder) for folder in self.distrusted)


def _is_within(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))


EVERYWHERE = Trust()
"""Trust of every folder."""
