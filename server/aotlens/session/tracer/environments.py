"""The interpreter of a workspace folder, found at the places that common tools use. Nothing is executed.

These functions read files: never call them on the event loop.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aotlens.model.trust import EVERYWHERE, Trust
from aotlens.session.files import read_text
from aotlens.session.project_file import read_project_file
from aotlens_tracer.wire.owners import is_anothers, is_planted
from aotlens_tracer.wire.private_folders import on_the_way

from .interpreter import (
    BY_SETTING,
    Interpreter,
    active_environments,
    choose_interpreter,
    has_torch,
    in_environment,
    is_command,
    is_of_aotlens_alone,
    on_path,
    own_interpreter,
)

_POETRY_CACHES = (".cache/pypoetry/virtualenvs", "Library/Caches/pypoetry/virtualenvs")
_PROJECT_NAME = re.compile(r"[^/\\\0\[\]?]+")
_PYENV_VERSION = re.compile(r"\w[\w.+-]*")
_LOCAL_FOLDERS = (".venv", "venv", ".conda")
_PACKAGES = "lib/python*/site-packages"
_RUN_AT_START = (
    *("pyvenv.cfg", "bin", "bin/python*", "lib", "lib64", "lib/python*", _PACKAGES),
    *(f"{_PACKAGES}/{name}" for name in ("*.pth", "sitecustomize*", "usercustomize*")),
)
"""The files and folders of an environment that say what its interpreter runs before anything is imported."""


def interpreter_of_folder(
    folder: Path, setting: str | None, selected: Interpreter | None, environment: Mapping[str, str], trust: Trust
) -> Interpreter:
    """Return the interpreter for the code in `folder`.

    In this order: the setting, the interpreter that is selected in the editor, the active environment (VIRTUAL_ENV,
    CONDA_PREFIX), uv's UV_PROJECT_ENVIRONMENT, the `.venv` or `venv` of the folder or of one above it, poetry's cache,
    pyenv's `.python-version`, the interpreter that aotlens runs in if that has torch, `python3` on PATH, that which
    aotlens runs in. Without trust of the folder, none beside it is considered. Raises NoSuchInterpreter if the setting
    or the selection is invalid.
    """
    if setting:
        wanted = os.path.expandvars(os.path.expanduser(setting))
        is_found = is_command(wanted) and on_path(wanted, environment) is not None
        found = choose_interpreter(wanted if is_found else str(folder / wanted), environment)
        return Interpreter(found.path, BY_SETTING)
    if selected is not None:
        return Interpreter(choose_interpreter(selected.path, environment).path, selected.reason)
    candidates = _candidates(folder, environment, trust)
    allowed = (one for one in candidates if _may_start(one.path, trust))
    return next(allowed, own_interpreter())


def interpreter_of_command(folder: Path, wanted: str | None) -> Interpreter:
    """Return the interpreter for a command about the code in `folder`: the wanted one, or that of the folder.

    Whoever names a file on the command line trusts its folder. Raises NoSuchInterpreter.
    """
    if wanted is not None:
        return choose_interpreter(wanted, os.environ)
    return interpreter_of_folder(Path(os.path.abspath(folder)), None, None, os.environ, EVERYWHERE)


def _may_start(program: str, trust: Trust) -> bool:
    """Return whether a program may be started: neither it nor a link on the way to it is of a distrusted folder.

    A folder may be open by another path than the one that leads to the program.
    """
    real = replace(trust, distrusted=(*trust.distrusted, *map(os.path.realpath, trust.distrusted)))
    links = (place for place in on_the_way(os.path.abspath(program)) if os.path.islink(place))
    ends = (os.path.realpath(os.path.dirname(program)), *links)
    places = (os.path.normpath(program), os.path.realpath(program), *(os.path.join(end, "") for end in ends))
    return all(map(real.may_start, places))


def _candidates(folder: Path, environment: Mapping[str, str], trust: Trust) -> Iterator[Interpreter]:
    yield from active_environments(environment)
    if trust.covers_folder(str(folder)):
        yield from _project_environments(folder, environment, trust.outermost(os.path.join(folder, "")))
    if has_torch():
        yield Interpreter(own_interpreter().path, "the interpreter that aotlens runs in, which has torch")
    # uvx puts the environment that it has made for aotlens first on PATH.
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    others = os.pathsep.join(each for each in folders if not is_of_aotlens_alone(os.path.dirname(each)))
    for command in ("python3", "python"):
        if found := on_path(command, {**environment, "PATH": others}):
            yield Interpreter(found, f"{command} on PATH")


def _project_environments(folder: Path, environment: Mapping[str, str], outermost: str | None) -> Iterator[Interpreter]:
    """Yield the interpreters that belong to a trusted folder. Nothing above the `outermost` folder is obeyed."""
    if named := environment.get("UV_PROJECT_ENVIRONMENT"):
        place = Path(os.path.normpath(folder / named))
        if os.path.isabs(named):
            found = in_environment(place)
        else:
            is_obeyed = outermost is None or place.is_relative_to(outermost)
            found = _in_own_environment(place, folder) if is_obeyed else None
        if found:
            yield Interpreter(found, "uv's environment (UV_PROJECT_ENVIRONMENT)")
    places = list(_places(folder, outermost))
    for place in places:
        for name in _LOCAL_FOLDERS:
            if found := _in_own_environment(place / name, folder):
                yield Interpreter(found, f"{name} of {place.name or place}")
    for place in places:
        if _is_ours(place / "pyproject.toml", folder) and (found := _poetry(place, environment)):
            yield Interpreter(found, "poetry's environment")
    for place in places:
        if _is_ours(place / ".python-version", folder) and (found := _pyenv(place, environment)):
            yield Interpreter(found, "pyenv's .python-version")


def _places(folder: Path, outermost: str | None) -> Iterator[Path]:
    """Yield a folder and those above it: up to the root of the repository, to the home folder, or to `outermost`."""
    for place in (folder, *folder.parents):
        yield place
        if os.path.exists(place / ".git") or place in (Path.home(), Path(outermost or os.sep)):
            return


def _in_own_environment(environment: Path, folder: Path) -> str | None:
    """Return the interpreter of an environment if no other user has put it, or what it runs at its start, there."""
    if not _is_ours(environment, folder):
        return None
    parts = (str(part) for pattern in _RUN_AT_START for part in environment.glob(pattern))
    return None if any(is_planted(part, str(folder)) for part in parts) else in_environment(environment)


def _is_ours(path: Path, folder: Path) -> bool:
    """Return whether a path is none that another user has put into a folder, and none of another user's above it."""
    inside = [str(part) for part in (path, *path.parents) if folder in part.parents]
    if not inside:
        return not is_anothers(str(path), str(folder))
    return not any(is_planted(part, str(folder)) for part in inside)


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
