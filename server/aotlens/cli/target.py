"""The target of `aotlens trace`, as it is written on the command line: `PATH` or `PATH::Qualname`."""

from __future__ import annotations

import contextlib
import difflib
import os
from pathlib import Path

from .options import UsageError


def parse_target(target: str) -> tuple[Path, str | None]:
    """The absolute path of the file, and the qualified name in it; None for a whole file. Raises UsageError."""
    name, separator, qualname = target.rpartition("::")
    if not separator:
        name, qualname = target, ""
    if separator and not qualname:
        raise UsageError(f"there is no name after :: in {target}")
    if not name:
        raise UsageError("name a Python file, as in model.py or model.py::Block")
    path = Path(name)
    with contextlib.suppress(OSError, ValueError):  # a name that is too long, or contains a null byte
        if os.path.isdir(path):
            raise UsageError(f"{name} is a folder: name a Python file in it")
        if os.path.isfile(path):
            return path.absolute(), qualname or None
        if os.path.exists(path):
            raise UsageError(f"{name} is not a regular file: name a Python file")
    raise UsageError(f"there is no file {name}{_suggestion(name)}")


def _suggestion(name: str) -> str:
    """A question about the file that was probably intended; empty if none has a similar name."""
    file, colon, qualname = name.rpartition(":")
    with contextlib.suppress(OSError, ValueError):
        if colon and os.path.isfile(file):
            return f": did you mean {file}::{qualname}?"
        there = [entry.name for entry in Path(name).parent.iterdir() if entry.suffix == ".py" and os.path.isfile(entry)]
        if near := difflib.get_close_matches(Path(name).name, there, n=2):
            return ": did you mean " + " or ".join(str(Path(name).parent / other) for other in near) + "?"
    return ""
