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
        """Whether the code of a file may run. `path` is absolute and has no `..` in it."""
        if not self.is_given:
            return False
        return self.folders is None or any(path.startswith(os.path.join(folder, "")) for folder in self.folders)


EVERYWHERE = Trust()
"""Trust of every folder."""
