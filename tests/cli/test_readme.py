"""The README, and pages about torch.compile, subclasses and several devices, show exactly what the program prints."""

from __future__ import annotations

import re
import sys

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


def _without_noise(text: str) -> str:
    """Without spaces at the end of lines, the exact torch build and the seconds, whose length may wrap the line."""
    text = re.sub(r"\(eager\n\s+", "(eager ", text)
    text = re.sub(r"torch [\d.]+\S*", "torch", re.sub(r"[\d.]+ ?s( \(eager [\d.]+s\))?$", "", text, flags=re.MULTILINE))
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()
