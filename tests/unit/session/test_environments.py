"""The interpreter of a folder is found where common tools put it, in order; an untrusted folder has none."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from aotlens.model.trust import EVERYWHERE, Trust
from aotlens.session.examples.searched_files import search_folder
from aotlens.session.project_file import find_project_file
from aotlens.session.tracer import environments, interpreter
from aotlens.session.tracer.environments import interpreter_of_command, interpreter_of_folder
from aotlens.session.tracer.interpreter import NoSuchInterpreter

SERVER = Path(__file__).parents[3] / "server"


def python(environment: Path) -> Path:
    """An interpreter in an environment; what it is does not matter."""
    path = environment / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


Found = Callable[..., tuple[str, str]]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """The interpreter of the folder `project`, and why it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(environments, "has_torch", lambda: False)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".git").mkdir()

    def found(setting: str | None = None, trust: Trust = EVERYWHERE, **environment: object) -> tuple[str, str]:
        variables = {"PATH": "", **{name: str(value) for name, value in environment.items()}}
        chosen = interpreter_of_folder(folder, setting, None, variables, trust)
        return chosen.path, chosen.reason

    return found


def test_each_place_goes_before_those_below_it(tmp_path: Path, found: Found) -> None:
    folder = tmp_path / "project"
    assert found() == (sys.executable, "the interpreter that aotlens runs in")
    on_path = python(tmp_path / "tools").rename(tmp_path / "tools" / "bin" / "python3")
    path = {"PATH": on_path.parent}
    assert found(**path) == (str(on_path), "python3 on PATH")

    pyenv = python(tmp_path / "home" / ".pyenv" / "versions" / "3.12.4")
    (folder / ".python-version").write_text("3.12\n")
    assert found(**path) == (str(pyenv), "pyenv's .python-version")

    (folder / "pyproject.toml").write_text('[tool.poetry]\nname = "My Model"\n')
    digest = base64.urlsafe_b64encode(hashlib.sha256(os.path.realpath(folder).encode()).digest()).decode()[:8]
    name = f"my_model-{digest}-py3.12"
    poetry = python(tmp_path / "home" / ".cache" / "pypoetry" / "virtualenvs" / name)
    assert found(**path) == (str(poetry), "poetry's environment")

    own = python(folder / ".venv")
    assert found(**path) == (str(own), ".venv of project")
    uv = python(folder / "envs" / "uv")
    path["UV_PROJECT_ENVIRONMENT"] = "envs/uv"
    assert found(**path) == (str(uv), "uv's environment (UV_PROJECT_ENVIRONMENT)")
    conda = python(tmp_path / "conda")
    path["CONDA_PREFIX"] = conda.parent.parent
    assert found(**path) == (str(conda), "the active conda environment (CONDA_PREFIX)")
    active = python(tmp_path / "active")
    path["VIRTUAL_ENV"] = active.parent.parent
    assert found(**path) == (str(active), "the active virtual environment (VIRTUAL_ENV)")
    chosen = python(tmp_path / "chosen")
    assert found(str(chosen), **path) == (str(chosen), "the setting aotlens.interpreter")
    assert found("envs/uv", **path)[0] == str(uv), "relative to the folder, and an environment will do"
    assert found(".venv", **path)[0] == str(own)
    assert found("python3", **path)[0] == str(on_path)


def test_an_environment_above_the_folder_counts_up_to_the_repository(tmp_path: Path, found: Found) -> None:
    python(tmp_path / ".venv")
    assert found()[0] == sys.executable
    (tmp_path / "project" / ".git").rmdir()
    assert found() == (str(tmp_path / ".venv" / "bin" / "python"), f".venv of {tmp_path.name}")


def test_an_environment_that_is_a_link_to_no_possible_name_is_none(tmp_path: Path, found: Found) -> None:
    own = python(tmp_path / "project" / "venv")
    (tmp_path / "project" / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "project" / ".venv" / "bin" / "python").symlink_to("a" * 300)
    assert found()[0] == str(own)


def test_nothing_of_a_folder_that_is_not_trusted(tmp_path: Path, found: Found) -> None:
    own = python(tmp_path / "project" / ".venv")
    assert found()[0] == str(own)
    distrust = Trust(False, (), distrusted=(str(tmp_path / "project"),))
    assert found(trust=distrust)[0] == sys.executable
    assert found(trust=distrust, VIRTUAL_ENV=own.parent.parent)[0] == sys.executable


@pytest.mark.parametrize("way", ["link", "link of the interpreter", "link in the folder", "folder opened by a link"])
def test_no_link_leads_into_a_folder_that_is_not_trusted(tmp_path: Path, found: Found, way: str) -> None:
    own, folder, opened = python(tmp_path / "project" / ".venv"), tmp_path / "project", tmp_path / "project"
    named = tmp_path / "named"
    if way == "link":
        named.symlink_to(folder / ".venv")
    elif way == "link of the interpreter":
        (named / "bin").mkdir(parents=True)
        (named / "bin" / "python").symlink_to(own)
    elif way == "link in the folder":
        python(tmp_path / "elsewhere")
        (folder / "environment").symlink_to(tmp_path / "elsewhere")
        named.symlink_to(folder / "environment")
    else:
        opened, named = tmp_path / "opened", folder / ".venv"
        opened.symlink_to(folder)
    distrust = Trust(False, (), distrusted=(str(opened),))
    assert found(trust=distrust, VIRTUAL_ENV=named)[0] == sys.executable
    assert found(VIRTUAL_ENV=named)[0] == str(named / "bin" / "python")
    mine = python(tmp_path / "project" / "mine" / ".venv")
    trust = Trust(True, (str(folder / "mine"),), (str(folder / "mine"),), distrusted=(str(opened),))
    (tmp_path / "to mine").symlink_to(mine.parent.parent)
    assert found(trust=trust, VIRTUAL_ENV=tmp_path / "to mine")[0] == str(tmp_path / "to mine" / "bin" / "python")


def test_a_server_in_an_environment_with_torch_traces_with_that(
    tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "has_torch", lambda: True)
    on_path = python(tmp_path / "tools").rename(tmp_path / "tools" / "bin" / "python3")
    path = {"PATH": on_path.parent}
    assert found(**path) == (sys.executable, "the interpreter that aotlens runs in, which has torch")
    assert found(trust=Trust(False), **path)[0] == sys.executable
    named = python(tmp_path / "project" / ".venv")  # the workspace names another
    assert found(**path) == (str(named), ".venv of project")
    assert found(trust=Trust(False), **path)[0] == sys.executable
    active = python(tmp_path / "active")
    assert found(VIRTUAL_ENV=active.parent.parent, **path)[0] == str(active)
    assert found(str(active), **path) == (str(active), "the setting aotlens.interpreter")


def test_torch_is_looked_for_and_not_imported() -> None:
    looked = "from aotlens.session.tracer.interpreter import has_torch; has_torch()"
    code = f"import sys; {looked}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=SERVER, check=True)


def test_a_setting_that_names_none(found: Found) -> None:
    for setting in ("nowhere/python", "no-such-command"):
        with pytest.raises(NoSuchInterpreter):
            found(setting)


@pytest.mark.parametrize(
    ("file", "text"), [("pyproject.toml", "[tool.poetry"), ("pyproject.toml", "tool = 3"), (".python-version", "\0")]
)
def test_files_that_make_no_sense(tmp_path: Path, found: Found, file: str, text: str) -> None:
    (tmp_path / "project" / file).write_text(text)
    assert found()[0] == sys.executable


def test_above_a_folder_that_was_named_nothing_counts(tmp_path: Path, found: Found) -> None:
    folder = tmp_path / "project"
    (folder / ".git").rmdir()
    python(tmp_path / "home" / ".pyenv" / "versions" / "3.12.4")
    (tmp_path / ".python-version").write_text("3.12\n")
    above, beside = python(tmp_path / ".venv"), python(tmp_path / "beside")
    assert found()[0] == str(above)
    assert found(UV_PROJECT_ENVIRONMENT="../beside")[0] == str(beside)
    named = Trust(True, (str(folder),), (str(folder),))
    assert found(trust=named)[0] == sys.executable
    assert found(trust=named, UV_PROJECT_ENVIRONMENT="../beside")[0] == sys.executable
    assert found(trust=named, UV_PROJECT_ENVIRONMENT=tmp_path / "beside")[0] == str(beside), "the user's variable"
    assert found(trust=named, VIRTUAL_ENV=tmp_path / "beside")[0] == str(beside)
    own = python(folder / ".venv")
    assert found(trust=named)[0] == str(own)
    wide = Trust(True, (str(folder), str(tmp_path)), (str(folder), str(tmp_path)))
    (folder / ".venv").rename(tmp_path / "gone")
    assert found(trust=wide)[0] == str(above)


def test_no_program_of_a_workspace_folder_that_is_not_trusted(tmp_path: Path, found: Found) -> None:
    folder = tmp_path / "project"
    trust = Trust(True, (str(folder),), (str(folder),), distrusted=(str(tmp_path),))
    active = python(tmp_path / ".venv")
    assert found(trust=trust, VIRTUAL_ENV=tmp_path / ".venv")[0] == sys.executable
    assert found(trust=trust, VIRTUAL_ENV=folder / ".." / ".venv")[0] == sys.executable
    assert found(trust=trust, UV_PROJECT_ENVIRONMENT=tmp_path / ".venv")[0] == sys.executable
    assert found(trust=trust, PATH=active.parent)[0] == sys.executable
    assert found(PATH=active.rename(active.parent / "python3").parent)[0] == str(active.parent / "python3")


@pytest.mark.parametrize("place", [".", "", "bin"])
def test_no_program_of_the_working_directory(
    tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    python(tmp_path / "elsewhere").rename(tmp_path / "elsewhere" / "python3")
    python(tmp_path / "elsewhere" / "bin" / "x").rename(tmp_path / "elsewhere" / "bin" / "python3")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert found(PATH=place)[0] == sys.executable
    with pytest.raises(NoSuchInterpreter):
        found("python3", PATH=place)


def test_what_another_user_has_put_beside_a_file_is_not_used(
    tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    planted = python(folder / ".venv")
    folder.chmod(0o1777)  # as /tmp
    lstat = os.lstat
    other = SimpleNamespace(st_uid=12345, st_mode=lstat(f"{folder}/.venv").st_mode)
    monkeypatch.setattr(os, "lstat", lambda path, **given: other if path == f"{folder}/.venv" else lstat(path, **given))
    assert found()[0] == sys.executable
    folder.chmod(0o755)
    assert found()[0] == str(planted), "nobody else could put it there"


@pytest.fixture
def give_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Make a file look like another user's."""
    given: set[str] = set()

    def of_other(look: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def looked(path: str | Path, **options: object) -> os.stat_result:
            found = look(path, **options)
            return os.stat_result([*found[:4], 12345, *found[5:]]) if str(path) in given else found

        return looked

    monkeypatch.setattr(os, "lstat", of_other(os.lstat))
    monkeypatch.setattr(os, "stat", of_other(os.stat))
    return lambda path: given.add(str(path))


PACKAGES = "lib/python3.12/site-packages"


@pytest.mark.parametrize("is_above", [False, True])
@pytest.mark.parametrize(
    "part", ["bin", "bin/python", "pyvenv.cfg", "lib", f"{PACKAGES}/x.pth", f"{PACKAGES}/sitecustomize.py"]
)
def test_an_environment_into_which_another_user_has_put_something_is_not_used(
    tmp_path: Path, found: Found, give_away: Callable[[Path], None], part: str, is_above: bool
) -> None:
    if is_above:
        (tmp_path / "project" / ".git").rmdir()
    environment = tmp_path / ".venv" if is_above else tmp_path / "project" / ".venv"
    own = python(environment)
    (environment / PACKAGES).mkdir(parents=True)
    for name in ("pyvenv.cfg", f"{PACKAGES}/x.pth", f"{PACKAGES}/sitecustomize.py"):
        (environment / name).touch()
    (environment / part).parent.chmod(0o777)
    if part.count("/") or not is_above:  # else the whole environment above is open, and not used for that
        assert found()[0] == str(own), "all of it is the user's, if others could change it too"
    give_away(environment / part)
    assert found()[0] == sys.executable


def test_an_environment_that_another_user_has_put_where_uvs_variable_leads_is_not_used(
    tmp_path: Path, found: Found, give_away: Callable[[Path], None]
) -> None:
    own = python(tmp_path / "project" / "envs" / "uv")
    (tmp_path / "project").chmod(0o777)
    assert found(UV_PROJECT_ENVIRONMENT="envs/uv")[0] == str(own)
    give_away(tmp_path / "project" / "envs")
    assert found(UV_PROJECT_ENVIRONMENT="envs/uv")[0] == sys.executable


@pytest.mark.parametrize("is_above", [False, True])
@pytest.mark.parametrize("name", [".python-version", "pyproject.toml"])
def test_a_file_of_another_user_chooses_no_interpreter(
    tmp_path: Path, found: Found, give_away: Callable[[Path], None], name: str, is_above: bool
) -> None:
    if is_above:
        (tmp_path / "project" / ".git").rmdir()
    place = tmp_path if is_above else tmp_path / "project"
    digest = base64.urlsafe_b64encode(hashlib.sha256(os.path.realpath(place).encode()).digest()).decode()[:8]
    home = tmp_path / "home"
    pyenv = python(home / ".pyenv" / "versions" / "3.12.4")
    poetry = python(home / ".cache" / "pypoetry" / "virtualenvs" / f"model-{digest}-py3.12")
    file = place / name
    file.write_text("3.12\n" if name == ".python-version" else '[tool.poetry]\nname = "model"\n')
    place.chmod(0o1777)  # as /tmp
    assert found()[0] == str(pyenv if name == ".python-version" else poetry)
    give_away(file)
    assert found()[0] == sys.executable


def test_what_another_user_has_put_above_a_project_is_not_used(
    tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    (folder / ".git").rmdir()
    for place in (tmp_path, folder):
        python(place / ".venv")
        (place / "pyproject.toml").write_text("")
    model = folder / "model.py"
    model.write_text("")
    assert found()[0] == str(folder / ".venv" / "bin" / "python")
    (folder / ".venv").rename(folder / "gone")
    (folder / "pyproject.toml").unlink()
    assert found()[0] == str(tmp_path / ".venv" / "bin" / "python")
    assert find_project_file(model) == tmp_path / "pyproject.toml"
    assert search_folder(model) == tmp_path
    (tmp_path / ".venv").chmod(0o777)
    (tmp_path / "pyproject.toml").chmod(0o666)
    assert found()[0] == sys.executable
    assert find_project_file(model) != tmp_path / "pyproject.toml"
    assert search_folder(model) != tmp_path
    (tmp_path / ".venv").chmod(0o755)
    if os.geteuid() == 0:
        os.chown(tmp_path / ".venv", 12345, -1)
        assert found()[0] == sys.executable
        os.chown(folder, 12345, -1)
        assert found()[0] == str(tmp_path / ".venv" / "bin" / "python"), "whoever owns the project is obeyed anyway"


def test_the_environment_of_a_tool_that_runs_aotlens_is_not_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pre-commit activates the environment that it has made for the hook, which has no torch."""
    own = python(tmp_path / "hook")
    wanted = python(tmp_path / "project" / ".venv")
    (tmp_path / "project" / ".git").mkdir()
    variables = {"VIRTUAL_ENV": str(tmp_path / "hook")}
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "hook"))
    for has_torch, expected in ((False, wanted), (True, own)):
        monkeypatch.setattr(interpreter, "has_torch", lambda answer=has_torch: answer)
        assert interpreter_of_folder(tmp_path / "project", None, None, variables, EVERYWHERE).path == str(expected)


def test_the_python_that_uvx_puts_first_on_the_path_is_not_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bins = [python(tmp_path / name).parent for name in ("made for aotlens", "system")]
    for folder in bins:
        (folder / "python").rename(folder / "python3")
    monkeypatch.setattr(sys, "prefix", str(bins[0].parent))
    path = {"PATH": os.pathsep.join(map(str, bins))}
    for has_torch, expected in ((False, str(bins[1] / "python3")), (True, sys.executable)):
        monkeypatch.setattr(interpreter, "has_torch", lambda answer=has_torch: answer)
        monkeypatch.setattr(environments, "has_torch", lambda answer=has_torch: answer)
        assert interpreter_of_folder(tmp_path, None, None, path, EVERYWHERE).path == expected


def test_a_command_takes_the_same_interpreter_as_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    own, other = python(tmp_path / "project" / ".venv"), python(tmp_path / "other")
    folder = tmp_path / "project" / "models"
    folder.mkdir()
    assert interpreter_of_command(folder, None).path == str(own)
    monkeypatch.chdir(folder)
    assert interpreter_of_command(Path("."), None).path == str(own)
    assert interpreter_of_command(folder, str(other.parent.parent)).path == str(other)
    monkeypatch.setenv("VIRTUAL_ENV", str(other.parent.parent))
    assert interpreter_of_command(folder, None).path == str(other)
