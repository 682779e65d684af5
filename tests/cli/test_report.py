"""`aotlens report` traces targets of several files and writes one page about them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from aotlens.cli.options import TraceOptions, UsageError
from aotlens.cli.report.command import run_report
from support import ROOT, run_aotlens


def facts(file: Path) -> Any:
    found = re.search(r'id="facts">(.*?)</script>', file.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_of_the_documentation(tmp_path: Path) -> None:
    text = (ROOT / "docs/report.md").read_text(encoding="utf-8")
    shown = re.search(r"```console\n\$ aotlens (report [^\n]*)\n(.*?\n)```", text, re.DOTALL)
    assert shown is not None
    for name in ("norm.py", "unused.py"):
        (tmp_path / name).write_text((ROOT / "docs/examples" / name).read_text(encoding="utf-8"))
    done = run_aotlens(*shown[1].split(), "norm.py::RunningNorm", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, shown[2]), done.stderr
    norm, unused = facts(tmp_path / "page.html")["targets"]
    assert (norm["name"], norm["status"]) == ("norm.py::RunningNorm", "traced")
    assert [finding["code"] for finding in norm["findings"]] == ["parameter-without-gradient", "buffer-mutation"]
    assert [[module["name"], module["elements"]] for module in norm["modules"]["tree"]] == [["", 20], ["scale", 16]]
    assert unused["name"] == "unused.py::Scaled"


def test_a_page_says_why_a_file_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.py").write_bytes(b"\xff\xfe\0")
    monkeypatch.chdir(tmp_path)
    assert run_report(["broken.py"], "page.html", TraceOptions(), show_output=False) == 1
    assert capsys.readouterr().out == "page.html: 1 target, 1 that could not be traced\n"
    (broken,) = facts(tmp_path / "page.html")["targets"]
    assert "UTF-16" in broken["failure"]["message"]


def test_wrong_usage_is_told_before_anything_is_traced(tmp_path: Path) -> None:
    (tmp_path / "norm.py").write_text("raise SystemExit('it was run')\n")
    done = run_aotlens("report", "norm.py", "-o", "norm.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: norm.py is the target itself: name another file for the report\n"
    assert [each.name for each in tmp_path.iterdir()] == ["norm.py"]


@pytest.mark.parametrize(
    ("targets", "options", "why"),
    [
        (["norm.py"], {"output": "none/x.html"}, "there is no folder none"),
        (["none.py"], {}, "there is no file none.py: did you mean norm.py?"),
        (["norm.py"], {"example": "Net()"}, "--example is the call of one target: name it, as in model.py::Block"),
        (
            ["norm.py::A", "norm.py::B"],
            {"example": "A()"},
            "--example is the call of one target: name that target alone",
        ),
    ],
)
def test_targets_and_options_have_to_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, targets: list[str], options: dict[str, str], why: str
) -> None:
    (tmp_path / "norm.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as error:
        example = TraceOptions(example=options.get("example"))
        run_report(targets, options.get("output", "report.html"), example, show_output=False)
    assert str(error.value) == why
