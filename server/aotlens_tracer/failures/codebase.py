"""The owner of a file: the user, an installed package, torch, or this tracer."""

from __future__ import annotations

import functools
import os
import re
import sys
import sysconfig
from dataclasses import dataclass

EXAMPLE_FILE = "<aotlens example>"
"""The file name under which an example's expression is compiled."""

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The folder of the tracer itself."""
_FILES = 1 << 14
"""Files whose owners are remembered: a process has thousands, and asks for each again and again."""
_STDLIB = tuple(
    {
        os.path.join(form, "")
        for key in ("stdlib", "platstdlib")
        if (p := sysconfig.get_path(key))
        for form in (p, os.path.realpath(p))
    }
)


@dataclass(frozen=True)
class Codebase:
    """Distinguishes the user's files from all others.

    The target's own folder tree is the user's even in site-packages: people trace installed models too.
    """

    target: str

    def owns(self, path: str) -> bool:
        """Whether a traceback frame of the file `path` is the user's."""
        if path.startswith("<") or is_library(path):
            return path == EXAMPLE_FILE
        return self.package_of(path) is None

    def package_of(self, path: str) -> str | None:
        """Return the folder of the installed package that a file belongs to; None for the user's own."""
        package = _package_folder(path)
        return None if package == _package_folder(self.target) else package


def is_library(path: str) -> bool:
    """Whether a file belongs to torch, the standard library or this tracer: never a place that a user looks for."""
    torch = sys.modules.get("torch")
    return _is_library(path, torch.__file__ if torch is not None else None)


@functools.lru_cache(_FILES)
def _is_library(path: str, torch: str | None) -> bool:
    if path.startswith((HERE, os.path.dirname(torch) + os.sep if torch else "\0", "<frozen ")):
        return True
    return _package_folder(path) is None and os.path.isabs(path) and path.startswith(_STDLIB)


@functools.lru_cache(_FILES)
def _package_folder(path: str) -> str | None:
    """Return `.../site-packages/name` for a file in there, else None."""
    match = re.match(r"(.*[/\\](?:site|dist)-packages[/\\][^/\\]+)", path)
    return match[1] if match else None
