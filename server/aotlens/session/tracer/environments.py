"""The interpreter of a workspace folder, found at the places that common tools use. Nothing is executed.

These functions read files: never call them on the event loop.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aotlens.session.files import read_text
from aotlens.session.project_file import read_project_file
from aotlens_tracer.wire.owners import is_anothers

from .interpreter import (
    Interpreter,
    active_environments,
    choose_interpreter,
    has_torch,
    in_environment,
    own_interpreter,
)

_POETRY_CACHES = (".cache/pypoetry/virtualenvs", "Library/Caches/pypoetry/virtualenvs")
_PROJECT_NAME = re.compile(r"[^/\\\0\[\]?]+")
_PYENV_VERSION = re.compile(r"\w[\w.+-]*")
_LOCAL_FOLDERS = (".venv", "venv", ".conda")


def interpreter_of_folder(
    folder: Path, setting: str | None, selected: Interpreter | None, environment: Mapping[str, str], trusted: bool
) -> Interpreter:
    """Return the interpreter for the code in `folder`.

    In this order: the setting, the interpreter that is selected in the editor, the active environment (VIRTUAL_ENV,
    CONDA_PREFIX), uv's UV_PROJECT_ENVIRONMENT, the folder's `.venv` or `venv`, poetry's cache, pyenv's
    `.python-version`, the interpreter that aotlens runs in if that has torch, `python3` on PATH, the interpreter that
    aotlens runs in. Before a workspace is trusted, no interpreter inside the folder is considered. Raises
    NoSuchInterpreter if the setting or the selection is invalid.
    """
    if setting:
        wanted = os.path.expandvars(os.path.expanduser(setting))
        path = folder / wanted if os.sep in wanted and not os.path.isabs(wanted) else Path(wanted)
        found = choose_interpreter(str(path) if os.sep in wanted else wanted, environment)
        return Interpreter(found.path, "the setting aotlens.interpreter")
    if selected is not None:
        return Interpreter(choose_interpreter(selected.path, environment).path, selected.reason)
    for candidate in _candidates(folder, environment):
        if trusted or not Path(candidate.path).is_relative_to(folder):
            return candidate
    return own_interpreter()


def _candidates(folder: Path, environment: Mapping[str, str]) -> Iterator[Interpreter]:
    yield from active_environments(environment)
    if environment.get("UV_PROJECT_ENVIRONMENT"):
        place = folder / environment["UV_PROJECT_ENVIRONMENT"]
        if found := in_environment(place):
            yield Interpreter(found, "uv's environment (UV_PROJECT_ENVIRONMENT)")
    for parent in (folder, *folder.parents):
        for name in _LOCAL_FOLDERS:
            above = parent != folder and is_anothers(str(parent / name), str(folder))
            if not above and (found := in_environment(parent / name)):
                yield Interpreter(found, f"{name} of {parent.name or parent}")
        if os.path.exists(parent / ".git") or parent == Path.home():
            break
    if found := _poetry(folder, environment):
        yield Interpreter(found, "poetry's environment")
    if found := _pyenv(folder, environment):
        yield Interpreter(found, "pyenv's .python-version")
    if has_torch():
        yield Interpreter(own_interpreter().path, "the interpreter that aotlens runs in, which has torch")
    for command in ("python3", "python"):
        if found := shutil.which(command, path=environment.get("PATH")):
            yield Interpreter(found, f"{command} on PATH")


def _poetry(folder: Path, environment: Mapping[str, str]) -> str | None:
    """Return the interpreter of the environment that poetry keeps in its cache for a project.

    The environment's name is made of the project's name and folder, as by poetry's `EnvManager.generate_env_name`.
    """
    content = read_project_file(folder / "pyproject.toml")
    tool = _table(_table(content, "tool") or {}, "poetry")
    if tool is None:
        return None
    name = tool.get("name") or (_table(content, "project") or {}).get("name")
    if not isinstance(name, str) or not _PROJECT_NAME.fullmatch(name):
        return None
    sanitized = re.sub(r'[ $`!*@"\\\r\n\t]', "_", name.lower())[:42]
    digest = hashlib.sha256(os.fsencode(os.path.normcase(os.path.realpath(folder)))).digest()
    prefix = f"{sanitized}-{base64.urlsafe_b64encode(digest).decode()[:8]}-py"
    cache = environment.get("POETRY_VIRTUALENVS_PATH")
    places = [Path(cache)] if cache else [Path.home() / place for place in _POETRY_CACHES]
    for place in places:
        for environment_folder in sorted(place.glob(f"{prefix}*"), reverse=True):
            if found := in_environment(environment_folder):
                return found
    return None


def _table(content: dict[str, Any], name: str) -> dict[str, Any] | None:
    found = content.get(name)
    return found if isinstance(found, dict) else None


def _pyenv(folder: Path, environment: Mapping[str, str]) -> str | None:
    """Return the interpreter that the folder's `.python-version` names, among those that pyenv has installed."""
    try:
        wanted = read_text(folder / ".python-version").split()
    except (OSError, UnicodeDecodeError):
        return None
    root = Path(environment.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for version in filter(_PYENV_VERSION.fullmatch, wanted[:1]):
        for installed in sorted((root / "versions").glob(f"{version}*"), reverse=True):
            if found := in_environment(installed):
                return found
    return None
