"""Which Python interpreter the tracer runs in, and why that one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Interpreter:
    """A Python executable, and where the choice came from, in words."""

    path: str
    reason: str


class NoSuchInterpreter(Exception):
    """The interpreter that was asked for does not exist, or cannot be run."""


def choose_interpreter(wanted: str | None, environment: Mapping[str, str]) -> Interpreter:
    """The interpreter that was asked for, else that of the active environment, else this one.

    `wanted` is a path, the folder of a virtual environment, or a command. Raises NoSuchInterpreter.
    """
    if wanted:
        return Interpreter(_executable(wanted), "as asked for")
    for variable, what in (("VIRTUAL_ENV", "virtual environment"), ("CONDA_PREFIX", "conda environment")):
        folder = environment.get(variable)
        if folder and (found := in_environment(Path(folder))) is not None:
            return Interpreter(found, f"the active {what} ({variable})")
    return Interpreter(sys.executable, "the interpreter that aotlens runs in")


def _executable(wanted: str) -> str:
    path = Path(wanted).expanduser()
    if path.is_dir():
        found = in_environment(path)
        if found is None:
            raise NoSuchInterpreter(f"{wanted} is a folder without a Python interpreter in it")
        return found
    if path.is_file():
        if not os.access(path, os.X_OK):
            raise NoSuchInterpreter(f"{wanted} is not executable")
        return str(path.absolute())
    command = shutil.which(wanted) if os.sep not in wanted else None
    if command is None:
        raise NoSuchInterpreter(f"there is no interpreter {wanted}")
    return command


def in_environment(folder: Path) -> str | None:
    """The interpreter of an environment's folder. Not resolved: the link's place is what makes it that environment."""
    for relative in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
        candidate = folder / relative
        if candidate.is_file():
            return str(candidate.absolute())
    return None
