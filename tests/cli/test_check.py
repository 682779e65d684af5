"""`aotlens check` as a user runs it: formats, settings, suppressions, the baseline, exit statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import pytest

from aotlens.cli.check.command import CheckOptions, run_check
from aotlens.cli.options import UsageError
from aotlens.project.options import ProjectOptions
from cli.checked import write_project
from support import ROOT, run_aotlens

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


class Project:
    """The small project of `cli.checked`, traced once; each command after that reads the kept maps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self, *paths: str, **options: Any) -> int:
        tracing = ProjectOptions(jobs=1)
        return run_check(paths or ["."], CheckOptions(tracing=tracing, **options))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project, and all maps of it on disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        folder = write_project(tmp_path_factory.mktemp("project"))
        patch.chdir(folder)
        run_check(["."], CheckOptions(tracing=ProjectOptions(jobs=1)))
        yield folder


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
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8",
        "failures": "2",
        "errors": "0",
        "skipped": "2",
    }


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


def test_the_documentation_shows_what_is_printed(kept: Path) -> None:
    text = (ROOT / "docs/check.md").read_text(encoding="utf-8")
    shown = re.search(r"```console\n\$ aotlens (check [^\n]*)\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    done = run_aotlens(*shown[1].split(), cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, shown[2]), done.stderr
    source = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert source is not None and source[1] in (ROOT / "docs/examples/unused.py").read_text(encoding="utf-8")


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
    done = run_aotlens("check", *arguments, cwd=project.folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_log_tells_what_was_not_traced_again(project: Project, capsys: Captured) -> None:
    project.check("layers.py", verbose=True)
    assert "info: Gate (layers.py): as an earlier trace left it\n" in capsys.readouterr().err
