"""The files by which CI systems run `aotlens check`: the hook of pre-commit and the action of GitHub."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from aotlens.cli.app import app
from aotlens.cli.check import command
from aotlens.project.selection import select
from support import ROOT

STUB = """\
#!/usr/bin/env bash
printf '%s\\n' "$@" > "$TOLD"
"""


def test_the_hook_passes_over_what_is_excluded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["id"] == "aotlens-check"
    assert hook["types"] == ["python"] and hook["require_serial"]
    left_out = re.compile(hook["exclude"])  # as pre-commit looks: anywhere in a path relative to the repository
    names = ["tests/a.py", "pkg/tests/b/c.py", "test_a.py", "pkg/test_a.py", "pkg/conftest.py"]
    names += ["a.py", "pkg/latest_a.py", "contests/a.py", "pkg/my_conftest.py", "test_a/b.py"]
    matched = [name for name in names if left_out.search(name)]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    in_folder = {Path(each.path).relative_to(tmp_path).as_posix() for each in select([str(tmp_path)])}
    assert set(matched) == set(names) - in_folder
    assert len(matched) == 5
    name, *arguments = hook["entry"].split()
    assert name == "aotlens"
    seen: list[Any] = []
    monkeypatch.setattr(command, "run_check", lambda *given: seen.append(given) or 0)
    result = CliRunner().invoke(app, [*arguments, *hook["args"], "a.py", "--no-fence"])
    assert result.exit_code == 0, result.output
    ((paths, options),) = seen
    assert paths == ["a.py", "--no-fence"] and options.force_exclude and options.tracing.fence.enabled


def test_the_action_passes_its_inputs_on(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert action["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"])
    inputs = {"paths": "src\nmy model.py::Net\n--no-fence\n", "args": "--fail-on error -j 2", "python": "/opt/python"}
    assert inputs.keys() == action["inputs"].keys()
    told = _run(action["runs"]["steps"][1], inputs, tmp_path)
    assert told == [
        *("check", "--format", "github", "--python", "/opt/python"),
        *("--fail-on", "error", "-j", "2", "--", "src", "my model.py::Net", "--no-fence"),
    ]


def test_the_action_has_defaults(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    defaults = {name: each["default"] for name, each in action["inputs"].items()}
    told = _run(action["runs"]["steps"][1], defaults, tmp_path)
    assert told[:4] == ["check", "--format", "github", "--python"]
    assert os.access(told[4], os.X_OK)
    assert told[5:] == ["--", "."]


def test_the_action_is_not_installed_by_code_of_the_repository(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    for name in ("venv", "ensurepip", "pip", "json"):
        (tmp_path / f"{name}.py").write_text("open('made', 'w').close()\nraise SystemExit\n", encoding="utf-8")
    place = tmp_path / "nothing to install"
    place.mkdir()
    environment = {"RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(place), "PIP_NO_INDEX": "1"}
    subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", action["runs"]["steps"][0]["run"]],
        cwd=tmp_path,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
    )
    assert (tmp_path / "aotlens/bin/python").exists() and not (tmp_path / "made").exists()


def test_the_action_does_not_run_its_inputs(tmp_path: Path) -> None:
    """An input may be made of the title of a pull request: it is data."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert all("${{" not in step["run"] for step in action["runs"]["steps"])
    inputs = {"paths": "$(touch made)", "args": "`touch made`;", "python": "$(touch made)"}
    told = _run(action["runs"]["steps"][1], inputs, tmp_path)
    assert told[4:] == ["$(touch made)", "`touch", "made`;", "--", "$(touch made)"]
    assert not (tmp_path / "made").exists()


def _run(step: dict[str, Any], inputs: dict[str, str], folder: Path) -> list[str]:
    """Run a step as GitHub does, with another `aotlens` that writes down its arguments."""
    stub = folder / "aotlens/bin/aotlens"
    stub.parent.mkdir(parents=True)
    stub.write_text(STUB, encoding="utf-8")
    stub.chmod(0o755)
    told = folder / "told"
    environment = {name: _with_inputs(value, inputs) for name, value in step["env"].items()}
    subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={**os.environ, **environment, "RUNNER_TEMP": str(folder), "TOLD": str(told)},
        check=True,
    )
    return told.read_text(encoding="utf-8").splitlines()


def _with_inputs(value: str, inputs: dict[str, str]) -> str:
    for name, given in inputs.items():
        value = value.replace(f"${{{{ inputs.{name} }}}}", given)
    return value
