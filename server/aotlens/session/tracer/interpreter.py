"""The choice of the Python interpreter that the tracer runs in."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

_IN_ENVIRONMENT = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")
_ACTIVE = (("VIRTUAL_ENV", "virtual environment"), ("CONDA_PREFIX", "conda environment"))
AS_REQUESTED = "as requested"
"""The reason for the interpreter that the user names."""
BY_SETTING = "the setting aotlens.interpreter"
"""The reason for the interpreter that the settings name."""


@dataclass(frozen=True)
class Interpreter:
    """A Python executable, and a phrase that says why it was chosen."""

    path: str
    reason: str


class NoSuchInterpreter(Exception):
    """The interpreter that the user wants does not exist or cannot be executed."""


def choose_interpreter(wanted: str | None, environment: Mapping[str, str]) -> Interpreter:
    """Return the wanted interpreter, or that of the active environment, or the one that aotlens runs in.

    `wanted` is a path, the folder of a virtual environment, or a command. Raises NoSuchInterpreter.
    """
    if wanted:
        return Interpreter(_executable(wanted, environment), AS_REQUESTED)
    return next(active_environments(environment), own_interpreter())


def own_interpreter() -> Interpreter:
    """Return the interpreter that aotlens itself runs in."""
    return Interpreter(sys.executable, "the interpreter that aotlens runs in")


def has_torch() -> bool:
    """Whether the interpreter that aotlens itself runs in finds torch. Torch is not imported."""
    return importlib.util.find_spec("torch") is not None


def active_environments(environment: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yield the interpreters of the virtual and the conda environment that are active according to the variables.

    One that aotlens itself is installed in without torch is not meant.
    """
    for variable, kind in _ACTIVE:
        folder = environment.get(variable)
        if folder and not is_of_aotlens_alone(folder) and (found := in_environment(Path(folder))) is not None:
            yield Interpreter(found, f"the active {kind} ({variable})")


def is_of_aotlens_alone(folder: str) -> bool:
    """Whether aotlens runs in the environment in this folder, without torch, as pre-commit, uvx and pipx make it."""
    return os.path.realpath(folder) == os.path.realpath(sys.prefix) and not has_torch()


def in_environment(folder: Path) -> str | None:
    """Return the interpreter in the folder of an environment; None if there is none.

    Links are not resolved: the place of the link is what selects the environment.
    """
    candidates = (folder / relative for relative in _IN_ENVIRONMENT)
    return next((str(candidate.absolute()) for candidate in candidates if os.path.isfile(candidate)), None)


def is_command(wanted: str, paths: ModuleType = os.path) -> bool:
    """Whether an interpreter is named as a command on PATH, without a folder. `paths` has the rules of the system."""
    return not paths.dirname(wanted)


def on_path(command: str, environment: Mapping[str, str]) -> str | None:
    """Return the program that a command names. A relative folder of PATH is left out: it may be the workspace."""
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which(command, path=os.pathsep.join(filter(os.path.isabs, folders)))


def _executable(wanted: str, environment: Mapping[str, str]) -> str:
    if is_command(wanted) and (command := on_path(wanted, environment)) is not None:
        return command
    path = Path(wanted).expanduser()
    if os.path.isdir(path):
        found = in_environment(path)
        if found is None:
            raise NoSuchInterpreter(f"{wanted} is a folder without a Python interpreter in it")
        return found
    if is_command(wanted) or not os.path.isfile(path):  # a command is not looked for in the working directory
        raise NoSuchInterpreter(f"there is no interpreter {wanted}")
    if not os.access(path, os.X_OK):
        raise NoSuchInterpreter(f"{wanted} is not executable")
    return str(path.absolute())
