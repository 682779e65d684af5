"""The README, and pages about torch.compile, subclasses and several devices, show exactly what the program prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT, run_aotlens

EXAMPLES = {
    "README.md": "norm",
    "docs/compile.md": "pause",
    "docs/subclasses.md": "subclass",
    "docs/distributed.md": "sharded",
}
"""The pages that show what is printed for an example, and the example."""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no columns")
@pytest.mark.parametrize(("page", "example"), EXAMPLES.items())
def test_a_page_shows_what_is_printed(page: str, example: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = re.search(rf"```console\n\$ aotlens (trace docs/examples/{example}\.py[^\n]*)\n(.*?)\n```", text, re.DOTALL)
    assert shown is not None
    done = run_aotlens(*shown[1].split(), cwd=ROOT, COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert _without_noise(done.stdout) == _without_noise(shown[2])


@pytest.mark.parametrize(("page", "example"), EXAMPLES.items())
def test_a_page_shows_the_example_s_source(page: str, example: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    source = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert source is not None
    assert source[1] in (ROOT / f"docs/examples/{example}.py").read_text(encoding="utf-8")


def test_the_page_about_a_loss_that_does_not_fall(tmp_path: Path) -> None:
    """It shows what is found in the script, and the mends that it names leave nothing to find."""
    page = (ROOT / "docs/loss-not-falling.md").read_text(encoding="utf-8")
    shown = re.search(r"```console\n\$ aotlens check (docs/examples/stuck\.py)\n(.*?)\n```", page, re.DOTALL)
    assert shown is not None
    done = run_aotlens("check", shown[1], cwd=ROOT, COLUMNS="100")
    assert _without_noise(done.stdout) == _without_noise(shown[2])

    script = (ROOT / shown[1]).read_text(encoding="utf-8")
    mends = re.findall(r"^\| `([^`]*)` \| `([^`]*)` \|$", page.split("For this script:")[1], re.MULTILINE)
    assert len(mends) == 5
    for written, mended in mends:
        assert script.count(written) == 1
        script = script.replace(written, mended)
    (tmp_path / "stuck.py").write_text(script, encoding="utf-8")
    mended_run = run_aotlens("check", "stuck.py", cwd=tmp_path)
    assert mended_run.returncode == 0
    assert "Nothing found" in mended_run.stdout


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no columns")
def test_the_page_about_passes_shows_what_its_script_prints(tmp_path: Path) -> None:
    page = (ROOT / "docs/passes.md").read_text(encoding="utf-8")
    shown = re.search(
        r"\$ python docs/examples/compare_numbering\.py export.json compile.json\n(.*?)\n```", page, re.DOTALL
    )
    assert shown is not None
    for convention in ("export", "compile"):
        target = ("docs/examples/norm.py::RunningNorm", "--convention", convention, "--format", "json")
        done = run_aotlens("trace", *target, cwd=ROOT)
        (tmp_path / f"{convention}.json").write_text(done.stdout, encoding="utf-8")
    script = [sys.executable, str(ROOT / "docs/examples/compare_numbering.py"), "export.json", "compile.json"]
    printed = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert _without_noise(printed) == _without_noise(shown[1])


def _without_noise(text: str) -> str:
    """Without spaces at the end of lines, the exact torch build and the seconds, whose length may wrap the line."""
    text = re.sub(r"\(eager\n\s+", "(eager ", text)
    text = re.sub(r"torch [\d.]+\S*", "torch", re.sub(r"[\d.]+ ?s( \(eager [\d.]+s\))?$", "", text, flags=re.MULTILINE))
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()
