"""`aotlens check` as a user runs it: formats, settings, suppressions, the baseline, exit statuses.

And what is below it: the findings of a whole project, the same as in an editor, and kept on disk.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import pytest
from typer.testing import CliRunner

from aotlens.cli.app import app
from aotlens.cli.check.command import CheckOptions, run_check
from aotlens.cli.options import UsageError
from aotlens.project.findings import Found, findings_in
from aotlens.project.options import ProjectOptions
from aotlens.project.problems import Misuse
from aotlens.project.selection import select
from aotlens.project.tracing import CannotTrace, TracedProject, trace_project
from cli.checked import write_project
from support import ROOT

IN_TEXT = """\
broken.py:12:16: error trace-failed `self.fc(x)`: x is f32[2, 4] (4: an argument of the call), self.fc.weight is \
f32[2, 8] (8: `nn.Linear(8, 2)`, line 9)
    RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x4 and 8x2)
    broken.py:9:19: `self.fc.weight`, f32[2, 8], is made here
latin.py:2:1: error trace-failed byte 0xfc is not UTF-8
    save the file as UTF-8, or declare its encoding in its first line: # -*- coding: latin-1 -*-
layers.py:10:23: warning parameter-without-gradient unused of Gate gets no gradient: forward never uses it
    also gate.unused of Net
model.py:12:56: warning unused-suppression this comment suppresses nothing: there is no graph-break here

Found 2 errors and 2 warnings in 4 files (6 files, 2 targets traced):
  2 error       trace-failed
  1 warning     parameter-without-gradient
  1 warning     unused-suppression
2 targets not traced: no known example, no module, or a script that lacks its data (--show-untraced).
1 finding suppressed by comments.
"""
SHOWN = "docs/examples/unused.py"
"""A file of the documentation, which is in the project for one test."""


class Project:
    """The small project of `cli.checked`; each command reads the kept maps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self, *paths: str, **options: Any) -> int:
        tracing = ProjectOptions(jobs=1)
        return run_check(paths or ["."], CheckOptions(tracing=tracing, **options))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project, in which nothing is traced yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield write_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def traced(folder: Path) -> TracedProject:
    """The project, traced once, with the file of the documentation; all maps are on disk after that."""
    shown = folder / SHOWN
    shown.parent.mkdir(parents=True)
    shutil.copy(ROOT / SHOWN, shown)
    traced = trace_project(select([str(folder)]), ProjectOptions(jobs=2))
    shutil.rmtree(folder / "docs")
    return replace(traced, selected=tuple(each for each in traced.selected if each.path != str(shown)))


@pytest.fixture
def kept(folder: Path, traced: TracedProject) -> Path:
    return folder


@pytest.fixture
def project(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(kept)
    return Project(kept)


@pytest.fixture
def settings(kept: Path) -> Iterator[Callable[[str], None]]:
    """Writes the project file; it is removed afterwards."""
    file = kept / "pyproject.toml"
    yield lambda text: file.write_text(f"[tool.aotlens.check]\n{text}\n", encoding="utf-8") and None
    file.unlink(missing_ok=True)


Captured = pytest.CaptureFixture[str]


def test_text_is_that_of_a_linter(project: Project, capsys: Captured) -> None:
    assert project.check() == 1
    captured = capsys.readouterr()
    assert captured.out == IN_TEXT
    assert captured.err == ""


def test_nothing_found_is_said(project: Project, capsys: Captured) -> None:
    assert project.check("model.py") == 0
    assert capsys.readouterr().out == (
        "Nothing found (1 file, 1 target traced).\n"
        "1 finding suppressed by comments.\n"
        "1 finding at lines of files that were not asked for: layers.py.\n"
    )


def test_targets_without_an_example_are_listed_on_demand(project: Project, capsys: Captured) -> None:
    assert project.check("odd.py", show_untraced=True) == 0
    out = capsys.readouterr().out
    assert re.match(r"odd\.py:7:1: not traced Odd: no example found: .*\n    write one above the class", out)
    assert "--show-untraced" not in out


@pytest.mark.parametrize(
    ("fail_on", "paths", "status"),
    [
        ("error", ["broken.py"], 1),
        ("error", ["layers.py"], 0),
        ("warning", ["layers.py"], 1),
        ("information", ["layers.py"], 1),
        ("never", ["broken.py"], 0),
        (None, ["layers.py"], 1),
    ],
)
def test_the_exit_status_is_that_of_the_worst_finding(
    project: Project, fail_on: Any, paths: list[str], status: int
) -> None:
    assert project.check(*paths, fail_on=fail_on) == status


def codes(project: Project, capsys: Captured, *paths: str, **options: Any) -> list[str]:
    project.check(*paths, format="json", **options)
    return [each["code"] for each in json.loads(capsys.readouterr().out)["findings"] if each["left_out_by"] is None]


def test_codes_are_selected_and_ignored(project: Project, capsys: Captured) -> None:
    assert codes(project, capsys, select=["parameter-without-gradient,trace-failed"]) == [
        "trace-failed",
        "trace-failed",
        "parameter-without-gradient",
    ]
    assert codes(project, capsys, ignore=["trace-failed", "unused-suppression"]) == ["parameter-without-gradient"]


def test_the_project_has_settings_and_options_go_first(
    project: Project, settings: Callable[[str], None], capsys: Captured
) -> None:
    settings('ignore = ["trace-failed"]\nfail-on = "error"\nexclude = ["model.py"]')
    assert codes(project, capsys) == ["parameter-without-gradient"]
    assert project.check() == 0
    assert project.check(fail_on="warning") == 1
    capsys.readouterr()
    assert codes(project, capsys, "broken.py", ignore=["graph-break"]) == ["trace-failed"]
    assert codes(project, capsys, "model.py", "layers.py") == ["parameter-without-gradient"]
    assert codes(project, capsys, "model.py", force_exclude=True) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = []", "[tool.aotlens.check] has no setting selct: did you mean select?"),
        ("zzz = 1", "has no setting zzz: the settings are select, ignore, fail-on, exclude, baseline"),
        ('select = "graph-break"', "select: 'graph-break' is not a list of strings"),
        (
            'ignore = ["graph-brake"]',
            "there are no findings with the code 'graph-brake': did you mean graph-break?",
        ),
        ('fail-on = "warn"', "fail-on: 'warn' is not one of error, warning, information, never"),
        ("baseline = 1", "baseline: 1 is not the name of a file"),
        ("select = [", "pyproject.toml: "),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(
    project: Project, settings: Callable[[str], None], text: str, message: str
) -> None:
    settings(text)
    with pytest.raises(UsageError) as raised:
        project.check()
    assert message in str(raised.value)
    assert str(project.folder / "pyproject.toml") in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"select": ["zzz"]},
            "--select: there are no findings with the code 'zzz'; the codes are aliased-inputs, ",
        ),
        ({"ignore": ["Graph_Break"]}, "did you mean graph-break?"),
        ({"baseline": "missing.json"}, "missing.json cannot be read"),
        ({"baseline": "model.py"}, "model.py is no baseline of aotlens"),
    ],
)
def test_wrong_options_are_named(project: Project, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        project.check(**options)
    assert message in str(raised.value)


def test_json_has_everything(project: Project, capsys: Captured) -> None:
    project.check(format="json")
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["schema"] == "aotlens.check/1"
    assert [Path(path).name for path in found["files"]] == [
        "broken.py",
        "latin.py",
        "layers.py",
        "mixin.py",
        "model.py",
        "odd.py",
    ]
    in_brief = [
        (Path(each["path"]).name, each["line"], each["code"], each["left_out_by"]) for each in found["findings"]
    ]
    assert in_brief == [
        ("broken.py", 12, "trace-failed", None),
        ("latin.py", 2, "trace-failed", None),
        ("layers.py", 10, "parameter-without-gradient", None),
        ("model.py", 11, "parameter-without-gradient", "comment"),
        ("model.py", 12, "unused-suppression", None),
    ]
    assert found["findings"][2]["within"] == "Gate.__init__"
    assert [each["target"].rpartition("/")[2] for each in found["untraced"]] == ["mixin.py::Frozen", "odd.py::Odd"]
    assert found["summary"] == {
        "files": 6,
        "targets": 5,
        "traced": 2,
        "untraced": 2,
        "error": 2,
        "warning": 2,
        "information": 0,
        "hint": 0,
        "suppressed": 1,
        "baseline": 0,
        "baseline_gone": 0,
    }
    assert captured.err.startswith("Found 2 errors and 2 warnings")


def test_github_shows_findings_at_their_lines(project: Project, capsys: Captured) -> None:
    project.check("layers.py", "model.py", format="github")
    assert capsys.readouterr().out == (
        "::warning title=aotlens parameter-without-gradient,file=layers.py,line=10,col=23,endColumn=50"
        "::unused of Gate gets no gradient: forward never uses it%0Aalso gate.unused of Net\n"
    )


def test_junit_has_a_case_for_each_finding_and_each_target(project: Project, capsys: Captured) -> None:
    project.check(format="junit", fail_on="error")
    root = xml.fromstring(capsys.readouterr().out)
    cases = {
        (suite.get("name"), case.get("name"), *(child.tag for child in case))
        for suite in root.iterfind("testsuite")
        for case in suite.iterfind("testcase")
    }
    assert cases == {
        ("broken.py", "trace-failed at broken.py:12:16", "failure"),
        ("latin.py", "trace-failed at latin.py:2:1", "failure"),
        ("layers.py", "parameter-without-gradient at layers.py:10:23", "system-out"),
        ("layers.py", "Gate"),
        ("model.py", "unused-suppression at model.py:12:56", "system-out"),
        ("model.py", "Net"),
        ("mixin.py", "Frozen", "skipped"),
        ("odd.py", "Odd", "skipped"),
    }
    numbers = {"tests": "8", "failures": "2", "errors": "0"}
    assert root.attrib == {"name": "aotlens", "time": "0"} | numbers
    assert [suite.get("skipped") for suite in root].count("1") == 2


def test_a_baseline_leaves_new_findings_alone(
    project: Project, settings: Callable[[str], None], capsys: Captured
) -> None:
    file = project.folder / "known.json"
    try:
        assert project.check("layers.py", "broken.py", baseline="known.json", write_baseline=True) == 0
        assert capsys.readouterr().out == "2 findings written to known.json\n"
        written = json.loads(file.read_text(encoding="utf-8"))
        assert written["findings"][1] == {
            "path": "layers.py",
            "code": "parameter-without-gradient",
            "within": "Gate.__init__",
            "text": "self.unused = nn.Parameter(torch.ones(n))",
        }
        settings('baseline = "known.json"')
        assert codes(project, capsys) == ["trace-failed", "unused-suppression"]
        assert project.check("layers.py") == 0
        assert "1 finding known from the baseline." in capsys.readouterr().out
        # A finding that is written again is not lost, nor are those of files that are not looked at.
        assert project.check("latin.py", write_baseline=True) == 0
        assert [each["path"] for each in json.loads(file.read_text("utf-8"))["findings"]] == [
            "broken.py",
            "latin.py",
            "layers.py",
        ]
        # Nor are those of the other targets of a file, until all of it is looked at.
        other = {"path": "layers.py", "code": "graph-break", "within": "Other.forward", "text": "print(x)"}
        written = json.loads(file.read_text("utf-8"))
        file.write_text(json.dumps({**written, "findings": [*written["findings"], other]}), encoding="utf-8")
        for path, is_kept in (("layers.py::Gate", True), ("layers.py", False)):
            assert project.check(path, write_baseline=True) == 0
            assert (other in json.loads(file.read_text("utf-8"))["findings"]) is is_kept
    finally:
        file.unlink(missing_ok=True)


def test_no_file_to_check_is_no_failure(project: Project, tmp_path: Path, capsys: Captured) -> None:
    assert project.check(str(tmp_path)) == 0
    captured = capsys.readouterr()
    assert captured.err == "warning: there is no Python file to check\n"
    assert captured.out == "Nothing found (0 files, 0 targets traced).\n"


def test_the_documentation_shows_what_is_printed(project: Project, capsys: Captured) -> None:
    text = (ROOT / "docs/check.md").read_text(encoding="utf-8")
    shown = re.search(r"```console\n\$ aotlens (check [^\n]*)\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert shown[1] == f"check {SHOWN}"
    (project.folder / SHOWN).parent.mkdir(parents=True)
    shutil.copy(ROOT / SHOWN, project.folder / SHOWN)
    try:
        assert project.check(SHOWN) == 1
    finally:
        shutil.rmtree(project.folder / "docs")
    assert capsys.readouterr().out == shown[2]
    source = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert source is not None and source[1] in (ROOT / SHOWN).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "error: there is no file or folder missing"),
        (["model.py::Nett"], "has no target Nett: did you mean Net?"),
        (["--python", "/no/python"], "error: "),
        (["--format", "xml"], "Invalid value for '--format'"),
        (["--jobs", "0"], "Invalid value for '--jobs'"),
    ],
)
def test_wrong_usage_has_status_2(project: Project, arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["check", *arguments])
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    assert message in done.stderr


def test_the_log_tells_what_was_not_traced_again(project: Project, capsys: Captured) -> None:
    project.check("layers.py", verbose=True)
    assert "info: Gate (layers.py): as an earlier trace left it\n" in capsys.readouterr().err


# What is below the command.


def in_brief(found: Found) -> list[tuple[str, int, str, str]]:
    return [(Path(each.path).name, each.span.line, each.severity, each.code) for each in found.findings]


def test_the_findings_are_those_of_an_editor(traced: TracedProject) -> None:
    found = findings_in(traced)
    assert in_brief(found) == [
        ("broken.py", 12, "error", "trace-failed"),
        ("latin.py", 2, "error", "trace-failed"),
        ("layers.py", 10, "warning", "parameter-without-gradient"),
        ("model.py", 12, "warning", "unused-suppression"),
    ]
    gate = found.findings[2]
    assert gate.within == "Gate.__init__"
    assert gate.text == "self.unused = nn.Parameter(torch.ones(n))"
    # One sentence for both models, as if both files were open.
    assert gate.diagnostic.message == (
        "unused of Gate gets no gradient: forward never uses it\nalso gate.unused of Net"
    )
    assert [each.code for each in found.suppressed] == ["parameter-without-gradient"]
    assert found.suppressed[0].diagnostic.suppression is not None
    assert found.elsewhere == ()


def test_a_target_without_an_example_is_no_finding(traced: TracedProject) -> None:
    mixin, odd = findings_in(traced).untraced
    assert mixin.state.key.qualname == "Frozen"
    assert mixin.message.startswith("Frozen is a class, but not an nn.Module")
    assert odd.state.key.qualname == "Odd"
    assert odd.message.startswith("no example found")


def test_tests_are_passed_over(traced: TracedProject) -> None:
    assert [state.key.qualname for state in traced.targets] == ["Wrong", "Gate", "Frozen", "Net", "Odd"]


def test_one_target_is_traced_alone_and_findings_elsewhere_are_told(folder: Path) -> None:
    project = trace_project(select([f"{folder}/model.py::Net"]))
    found = findings_in(project)
    assert [state.key.qualname for state in project.targets] == ["Net"]
    assert found.findings == ()
    assert [(Path(each.path).name, each.span.line) for each in found.elsewhere] == [("layers.py", 10)]


def test_a_second_time_nothing_runs(folder: Path, traced: TracedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a tracer was started")

    monkeypatch.setattr("aotlens.session.tracer.warm.TracerClient", fail)
    paths = [f"{folder}/layers.py", f"{folder}/model.py"]
    again = trace_project(select(paths), ProjectOptions(jobs=1))
    assert [(key, state.map) for key, state in again.snapshot.states.items()] == [
        (key, state.map) for key, state in traced.snapshot.states.items() if key.path in paths
    ]


def test_a_name_that_is_no_target_is_named(folder: Path) -> None:
    with pytest.raises(Misuse, match=r"model.py has no target Nett: did you mean Net\?"):
        trace_project(select([f"{folder}/model.py::Nett"]))


def test_an_interpreter_without_torch_is_no_finding(folder: Path, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    os.chmod(python, 0o755)
    with pytest.raises(CannotTrace):
        trace_project(select([str(folder)]), ProjectOptions(python=str(python), use_kept=False))


STEPS = """\
import torch
from torch import nn

rewards = []
net = nn.Linear(8, 1)


def fits(x, y):
    for _ in range(5):
        loss = nn.BCEWithLogitsLoss()(net(x), y.float())
        loss.backward()


def finish():
    wrong = torch.stack(rewards).sum() * net(torch.randn(2, 8)).sum()
    wrong.backward()


def guessed(loader):
    for x, y in loader:
        perhaps = (net(x) @ torch.ones(3)).mean()
        perhaps.backward()


if __name__ == "__main__":
    fits(torch.randn(16, 8), torch.randint(2, (16,)))
"""


def test_a_script_that_fails_for_what_it_says_itself_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """What other code may fill first, and what is guessed, is not to blame."""
    (tmp_path / "steps.py").write_text(STEPS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run_check(["."], CheckOptions(tracing=ProjectOptions(jobs=1), show_untraced=True)) == 1
    printed = capsys.readouterr().out
    assert [line.split(" ")[:3] for line in printed.splitlines() if " trace-failed " in line][:1] == [
        ["steps.py:10:16:", "error", "trace-failed"]
    ]
    assert "Found 1 error in 1 file" in printed
    assert "wrong" in printed and "perhaps" in printed
