"""The formats of findings, with names and messages that other formats would take for their own syntax."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import pytest
from jsonschema import Draft202012Validator

from aotlens.cli.check.github import github_commands
from aotlens.cli.check.json_format import check_json
from aotlens.cli.check.junit import junit_xml
from aotlens.cli.check.sarif import sarif_log
from aotlens.cli.check.text import print_findings, print_summary
from aotlens.explain.findings.registry import KINDS
from aotlens.project.checked import Checked
from aotlens.session.files import read_python
from aotlens_tracer.wire.places import Span
from notebook_files import code, markdown, write_notebook
from unit.project.findings import checked, located

BAD = '100%: a,b\n::error::x </failure> & "quoted" [red]no[/red] \x1b[31m \x00 \ud800 \u202e'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def test_github_escapes_what_would_end_a_command(tmp_path: Path) -> None:
    findings = (
        located(tmp_path / "a,b:c%.py", message="100%: a,b\r\n::error::x"),
        located("/elsewhere/x.py", severity="hint", related=(("it is made here", Span(str(tmp_path / "b\nc.py"), 4)),)),
    )
    assert github_commands(checked(tmp_path, *findings)) == [
        "::warning title=aotlens graph-break,file=a%2Cb%3Ac%25.py,line=3,col=9,endColumn=17"
        "::100%25: a,b%0D%0A::error::x",
        "::notice title=aotlens graph-break,file=/elsewhere/x.py,line=3,col=9,endColumn=17::this breaks the graph"
        "%0Ab%0Ac.py:4:1: it is made here",
    ]


CELLS = (markdown("# A net"), code("import torch"), code("class Net:\n    def forward(self):\n        print(x)"))


def in_notebook(folder: Path) -> tuple[Checked, int]:
    """A finding in line 3 of cell 3, which is line 4 of the joined code; and the line of the file that has it."""
    path = write_notebook(folder / "a net.ipynb", *CELLS)
    assert read_python(str(path)).splitlines()[3] == "        print(x)"
    related = (("it is made here", Span(str(path), 1, 1)), ("or here", Span(str(folder / "b.py"), 4, 2)))
    project = checked(folder, located(path, 4, related=related), untraced=("a net.ipynb::Net",))
    (line,) = [n for n, text in enumerate(path.read_text().splitlines(), 1) if "print(x)" in text]
    return replace(project, untraced=(replace(project.untraced[0], line=2),)), line


def test_in_notebooks_tools_get_the_line_of_the_file_and_readers_the_cell(tmp_path: Path) -> None:
    project, line = in_notebook(tmp_path)
    here, made = "a net.ipynb, cell 3, line 3", "a net.ipynb, cell 2, line 1: it is made here"
    assert github_commands(project) == [
        f"::warning title=aotlens graph-break,file=a net.ipynb,line={line}::{here}: this breaks the graph"
        f"%0A{made}%0Ab.py:4:2: or here",
    ]
    log = sarif_log(project)
    assert_sarif(log)
    (result,) = log["runs"][0]["results"]
    assert result["message"]["text"] == f"{here}: this breaks the graph"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": line}
    assert result["relatedLocations"][0]["message"]["text"] == made
    assert result["relatedLocations"][1]["physicalLocation"]["region"] == {"startLine": 4, "startColumn": 2}
    (untraced,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert untraced["message"]["text"].startswith("a net.ipynb, cell 3, line 1: Net was not traced")
    assert untraced["locations"][0]["physicalLocation"]["region"] == {"startLine": line - 2}
    root = xml.fromstring(junit_xml(project, "warning"))
    assert root.find(f"testsuite/testcase[@name='graph-break at {here}']/failure") is not None
    (path, found) = (str(tmp_path / "a net.ipynb"), check_json(project))
    place = {"path": path, "cell": 3, "line": 3, "column": 9, "end_line": 3, "end_column": 17}
    assert place.items() <= found["findings"][0].items()
    related = {"message": "it is made here", "path": path, "cell": 2, "line": 1, "column": 1}
    assert found["findings"][0]["related"][0] == related
    assert found["findings"][0]["related"][1]["cell"] is None
    assert (found["untraced"][0]["cell"], found["untraced"][0]["line"]) == (3, 1)


def test_a_notebook_that_has_changed_since_has_a_line(tmp_path: Path) -> None:
    for text in ("", "[]", '{"cells": []}', '{"cells": [{"source": 3}]}', '{"cells": [1, 2, 3]}'):
        project, _ = in_notebook(tmp_path)
        (tmp_path / "a net.ipynb").write_text(text)
        (command,) = github_commands(project)
        assert "file=a net.ipynb,line=1::" in command


def test_github_has_no_columns_of_several_lines(tmp_path: Path) -> None:
    finding = located(tmp_path / "a.py")
    finding.diagnostic.__dict__["span"] = Span(finding.path, 3, 9, 5, 2)
    (command,) = github_commands(checked(tmp_path, finding))
    assert "line=3,col=9,endLine=5::" in command


def test_github_paths_begin_at_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    (command,) = github_commands(checked(tmp_path, located(tmp_path / "a.py")))
    assert f"file={tmp_path.name}/a.py," in command


def test_junit_is_xml_whatever_is_in_it(tmp_path: Path) -> None:
    text = junit_xml(checked(tmp_path, located(tmp_path / "a.py", message=BAD), untraced=("b.py::Odd",)), "warning")
    root = xml.fromstring(text)
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None and failure.text is not None
    assert '100%: a,b\n::error::x </failure> & "quoted"' in failure.text and "\\x1b[31m \\x00" in failure.text
    skipped = root.find("testsuite/testcase/skipped")
    assert skipped is not None and skipped.get("message") == "no example found"


JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time"},
        {"name", "tests", "failures", "errors"},
        {"testcase"},
    ),
    "testcase": ({"name", "classname", "time"}, {"name", "classname", "time"}, {"failure", "skipped", "system-out"}),
    "failure": ({"message", "type"}, {"type"}, set()),
    "skipped": ({"message"}, set(), set()),
    "system-out": (set(), set(), set()),
}
"""For each element: the attributes that it may have, those that it must have, and its children.

These are the rules of Jenkins's schema, `junit-10.xsd`, for the elements that are written; where one here is stricter,
other readers need it.
"""


def test_junit_has_nothing_that_strict_readers_refuse(tmp_path: Path) -> None:
    findings = (located(tmp_path / "a.py"), located(tmp_path / "a.py", severity="information"))
    text = junit_xml(checked(tmp_path, *findings, untraced=("b.py::Odd",), traced=("a.py::Net",)), "warning")
    root = xml.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed, required, children = JUNIT[element.tag]
        assert required <= set(element.keys()) <= allowed
        assert {child.tag for child in element} <= children
        assert re.fullmatch(r"\d+(\.\d+)?", element.get("time", "0"))
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases) > 0
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
    assert root.get("tests") == "4"


@functools.cache
def schema_of_sarif() -> Draft202012Validator:
    schema = json.loads((Path(__file__).parent / "schemas/sarif-2.1.0.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def assert_sarif(log: Any) -> None:
    assert [f"{error.json_path}: {error.message}" for error in schema_of_sarif().iter_errors(log)] == []


def test_the_schema_finds_what_is_wrong(tmp_path: Path) -> None:
    log = sarif_log(checked(tmp_path, located(tmp_path / "a.py")))
    log["runs"][0]["results"][0]["level"] = "information"
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert len(list(schema_of_sarif().iter_errors(log))) == 2


def test_sarif_is_by_its_schema(tmp_path: Path) -> None:
    related = (("it is made here", Span(str(tmp_path / "b.py"), 4)),)
    project = checked(
        tmp_path,
        located(tmp_path / "a b.py", message=BAD, related=related),
        located(tmp_path / "a b.py", line=30, severity="information", within=""),
        located("/elsewhere/x.py", code="trace-failed", severity="error"),
        known=(located(tmp_path / "a b.py", code="recompiled"),),
        suppressed=(located(tmp_path / "a b.py", code="input-mutation"),),
        untraced=("odd.py::Odd",),
    )
    log = sarif_log(project)
    assert_sarif(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert [result.get("suppressions") for result in run["results"]] == [
        *(None, None, None),
        [{"kind": "external"}],
        [{"kind": "inSource"}],
    ]
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run["results"]]
    assert places[0] == {"uri": "a%20b.py", "uriBaseId": "SRCROOT"}
    assert places[2] == {"uri": "file:///elsewhere/x.py"}
    assert run["originalUriBaseIds"]["SRCROOT"]["uri"] == f"file://{tmp_path}/"
    assert json.loads(json.dumps(log)) == log


def test_every_kind_of_finding_can_be_a_rule(tmp_path: Path) -> None:
    log = sarif_log(checked(tmp_path, *(located(tmp_path / "a.py", code=code) for code in KINDS)))
    assert_sarif(log)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(KINDS)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", rule["name"]) for rule in rules)


def fingerprints(folder: Path, *lines: int) -> list[str]:
    log = sarif_log(checked(folder, *(located(folder / "a.py", line=line) for line in lines)))
    return [result["partialFingerprints"]["aotlens/v1"] for result in log["runs"][0]["results"]]


def test_a_fingerprint_stays_as_code_moves(tmp_path: Path) -> None:
    assert fingerprints(tmp_path, 3) == fingerprints(tmp_path, 30)
    assert len(set(fingerprints(tmp_path, 3, 4))) == 2


def test_text_gives_no_command_to_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = checked(
        tmp_path, located(tmp_path / "a\x1b.py", message=BAD), untraced=("b.py::Odd",), traced=("b.py::Net",)
    )
    print_findings(project, show_untraced=True)
    print_summary(project, show_untraced=True)
    assert capsys.readouterr().out == (
        "a\\x1b.py:3:9: warning graph-break 100%: a,b\n"
        '    ::error::x </failure> & "quoted" [red]no[/red] \\x1b[31m \\x00 \\ud800 \\u202e\n'
        "b.py:7:1: not traced Odd: no example found\n"
        "    write one\n"
        "\n"
        "Found 1 warning in 1 file (2 files, 1 target traced):\n"
        "  1 warning     graph-break\n"
    )


def test_json_is_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    project = checked(tmp_path, located(first, line=9), located(second), suppressed=(located(first, line=4),))
    found = check_json(project)
    assert [(Path(each["path"]).name, each["line"], each["left_out_by"]) for each in found["findings"]] == [
        ("a.py", 4, "comment"),
        ("a.py", 9, None),
        ("b.py", 3, None),
    ]
