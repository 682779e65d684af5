"""Entries of kept maps: everything that a map depends on is compared before it is shown."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aotlens.session.kept.entries import SECONDS_OF_FAILURE, entry_of, identity_of, is_lasting, valid_map
from aotlens_tracer.wire.example_options import World
from aotlens_tracer.wire.protocol import ExampleSource, Root, TraceParams


class Project:
    """A model with a helper, an installed package, an interpreter, and an example in a test."""

    def __init__(self, folder: Path) -> None:
        self.paths = {name: str(folder / name) for name in ("model.py", "helper.py", "package.py", "python", "test.py")}
        for path in self.paths.values():
            Path(path).write_text("a = 1\n")
            os.utime(path, (1000, 1000))
        self.params = TraceParams(self.paths["model.py"], "Net", ())
        self.fields: dict[str, Any] = {
            "status": "traced",
            "target": {"path": self.paths["model.py"]},
            "files": [self.paths["model.py"], self.paths["helper.py"]],
            "libraries": [self.paths["package.py"]],
            "example": {"source": {"path": self.paths["test.py"], "line": 1}},
        }
        self.identity = identity_of(self.params, self.paths["python"], {})

    def entry(self, texts: dict[str, str] | None = None) -> dict[str, Any] | None:
        return entry_of(self.identity, self.params, self.fields, texts or {}, time.time_ns())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_map_is_valid_while_nothing_has_changed(project: Project) -> None:
    entry = project.entry()
    assert entry is not None
    assert valid_map(entry, {}) == project.fields
    assert valid_map(entry, {project.paths["helper.py"]: "a = 1\n"}) == project.fields


@pytest.mark.parametrize("name", ["model.py", "helper.py", "package.py", "python", "test.py"])
@pytest.mark.parametrize("how", ["written", "removed"])
def test_a_map_is_not_valid_after_a_change(project: Project, name: str, how: str) -> None:
    entry = project.entry()
    assert entry is not None
    if how == "written":
        Path(project.paths[name]).write_text("a = 2\n")
    else:
        Path(project.paths[name]).unlink()
    assert valid_map(entry, {}) is None


def test_the_unsaved_text_of_an_open_document_counts(project: Project) -> None:
    helper = project.paths["helper.py"]
    unsaved = project.entry({helper: "a = 3\n"})
    assert unsaved is not None and valid_map(unsaved, {}) is None
    assert valid_map(unsaved, {helper: "a = 3\n"}) == project.fields
    saved = project.entry()
    assert saved is not None and valid_map(saved, {helper: "a = 3\n"}) is None


def test_a_map_is_not_kept_if_a_file_was_written_during_its_trace(project: Project) -> None:
    assert entry_of(project.identity, project.params, project.fields, {}, 999 * 10**9) is None


@pytest.mark.parametrize("name", ["model.py", "test.py", "helper.py"])
def test_a_forged_map_depends_on_the_files_of_its_request(project: Project, name: str) -> None:
    root = Root(project.paths["helper.py"], "Outer", ())
    examples = (ExampleSource("Net()", "call-site", project.paths["test.py"]), ExampleSource("", "recorded", root=root))
    project.params = replace(project.params, examples=examples)
    project.fields.update(files=[], example={})
    entry = project.entry()
    assert entry is not None and valid_map(entry, {}) == project.fields
    Path(project.paths[name]).write_text("a = 2\n")
    assert valid_map(entry, {}) is None


def test_a_map_of_another_file_is_not_kept(project: Project) -> None:
    project.fields["target"] = {"path": project.paths["helper.py"]}
    assert project.entry() is None


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "eval"},
        {"convention": "compile"},
        {"qualname": "Other"},
        {"import_roots": ("/lib",)},
        {"default_world": World(8)},
    ],
)
def test_other_settings_have_another_entry(project: Project, change: dict[str, Any]) -> None:
    other = identity_of(replace(project.params, **change), project.paths["python"], {})
    assert other.name != project.identity.name


def test_another_interpreter_or_environment_has_another_entry(project: Project) -> None:
    names = {
        identity_of(project.params, python, environment).name
        for python in ("/a/python", "/b/python")
        for environment in ({}, {"SIZE": "1"})
    }
    assert len(names) == 4


def test_limits_and_examples_do_not_tell_entries_apart(project: Project) -> None:
    other = replace(project.params, timeout=1.0, memory=5, overlay={"/a.py": "x"})
    assert identity_of(other, project.paths["python"], {}).name == project.identity.name


def test_a_map_of_a_cluster_depends_on_the_project_that_may_name_it(project: Project) -> None:
    folder = Path(project.paths["model.py"]).parent
    named = folder / "pyproject.toml"
    named.write_text('[tool.aotlens]\nmesh = "tp=8"\n')
    fields = project.fields | {"example": {"options": {"world": {"size": 8, "rank": 0, "mesh": [["tp", 8]]}}}}
    entry = entry_of(project.identity, project.params, fields, {}, time.time_ns() + 10**9)
    assert entry is not None and valid_map(entry, {}) == fields
    named.write_text('[tool.aotlens]\nmesh = "tp=4"\n')
    assert valid_map(entry, {}) is None


def failed(stage: str = "forward", reason: str = "error", traceback: str = "ValueError: no") -> dict[str, Any]:
    return {
        "status": "failed",
        "files": ["model.py"],
        "failure": {"stage": stage, "reason": reason, "traceback": traceback},
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (failed(), True),
        (failed(stage="example"), True),
        (failed(stage="import"), False),
        (failed(reason="timeout"), False),
        (failed(reason="memory"), False),
        (failed() | {"files": []}, False),
        (failed(traceback="  ...\nFileNotFoundError: [Errno 2] no such file: 'data.csv'"), False),
        (failed(traceback="  ...\nModuleNotFoundError: No module named 'einops'"), False),
        (failed(traceback="  ...\nurllib.error.URLError: no\n\nduring\n\nRuntimeError: no"), False),
        (failed(traceback="  ...\nRuntimeError: the ImportError of another one"), True),
    ],
)
def test_a_failure_lasts_if_it_is_of_the_code(fields: dict[str, Any], expected: bool) -> None:
    assert is_lasting(fields) is expected


def test_a_failure_is_valid_for_a_day(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.fields["status"] = "failed"
    entry = project.entry()
    assert entry is not None
    assert valid_map(entry, {}) == project.fields
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + SECONDS_OF_FAILURE + 1)
    assert valid_map(entry, {}) is None


def test_requests_with_other_examples_have_other_exact_entries(project: Project) -> None:
    other = replace(project.params, examples=(ExampleSource("Net(2)", "pinned"),))
    python = project.paths["python"]
    assert identity_of(project.params, python, {}).name == identity_of(other, python, {}).name
    exact = {identity_of(params, python, {}, is_exact=True).name for params in (project.params, other)}
    assert len(exact) == 2 and identity_of(other, python, {}).name not in exact
