"""The files whose code may run."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Trust:
    """The trust that the client and the user have given.

    `is_given` says that something is trusted; without it no code runs, wherever it is. `folders` are the trusted ones,
    as absolute paths; None if every folder is.
    """

    is_given: bool = True
    folders: tuple[str, ...] | None = None

    def covers(self, path: str) -> bool:
        """Whether the code of a file may run. `path` is absolute.

        No folder covers a path with `..` in it, as a log may have: it can lead out of the folder that it begins with.
        """
        if not self.is_given or self.folders is None:
            return self.is_given
        if os.pardir in path.split(os.sep):
            return False
        return any(path.startswith(os.path.join(folder, "")) for folder in self.folders)


EVERYWHERE = Trust()
"""Trust of every folder."""
