"""The findings of `aotlens check` are the diagnostics of an editor: places, severities, codes and messages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lsp.editor import editing
from support import ROOT, run_aotlens

FILES = (
    "docs/examples/decoder.py",
    "tests/corpus/reports/case05_checkpoint_reentrant_frozen.py",
    "tests/corpus/reports/case19_mutated_inputs.py",
    "tests/corpus/reports/unregistered_more.py",
)
SEVERITIES = {1: "error", 2: "warning", 3: "information", 4: "hint"}
UNDER_WAY = ("tracing", "waiting", "starting")


@pytest.mark.proof
@pytest.mark.parametrize("name", FILES)
def test_the_findings_are_those_of_an_editor(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "project" / Path(name).name
    path.parent.mkdir()
    shutil.copy(ROOT / name, path)
    (path.parent / "pyproject.toml").touch()
    monkeypatch.setenv("AOTLENS_TEST_CACHE", str(tmp_path / "editor"))
    with editing(path, keepMaps=False) as editor:
        editor.until(lambda lenses: bool(lenses) and not any(word in one for one in lenses for word in UNDER_WAY))
        pulled = editor.client.result("textDocument/diagnostic", {"textDocument": {"uri": editor.uri}})["items"]
    done = run_aotlens("check", str(path), "--format", "json", "--show-hints", "--no-cache")
    found = json.loads(done.stdout)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sorted(map(str, map(of_check, found["findings"]))) == sorted(
        str(of_editor(item, lines)) for item in pulled if not is_untraced(item)
    )
    assert sorted(each["message"] for each in found["untraced"]) == sorted(
        item["message"] for item in pulled if is_untraced(item)
    )
    assert found["findings"], "a comparison of nothing"


def is_untraced(item: dict[str, Any]) -> bool:
    return item["severity"] == 4 and item["code"] in ("example-failed", "trace-failed")


def of_check(finding: dict[str, Any]) -> tuple[Any, ...]:
    assert finding["left_out_by"] is None
    place = tuple(finding[name] for name in ("line", "column", "end_line", "end_column"))
    return (*place, finding["severity"], finding["code"], finding["message"])


def of_editor(item: dict[str, Any], lines: list[str]) -> tuple[Any, ...]:
    start, end = item["range"]["start"], item["range"]["end"]
    # The files of this test have no character of two UTF-16 units.
    assert all(ord(character) < 0x10000 for line in lines for character in line)
    place = (start["line"] + 1, start["character"] + 1, end["line"] + 1, end["character"] + 1)
    return (*place, SEVERITIES[item["severity"]], item["code"], item["message"])
