"""The README shows exactly what the program prints."""

from __future__ import annotations

import re
import sys

import pytest

from support import ROOT, run_aotlens


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no columns")
def test_the_readme_shows_what_is_printed() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```console\n\$ aotlens (trace docs/examples/norm\.py)\n(.*?)\n```", readme, re.DOTALL)
    assert shown is not None
    done = run_aotlens(*shown[1].split(), cwd=ROOT, COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert _without_noise(done.stdout) == _without_noise(shown[2])


def test_the_readme_shows_the_example_s_source() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    source = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert source is not None
    assert source[1] in (ROOT / "docs/examples/norm.py").read_text(encoding="utf-8")


def _without_noise(text: str) -> str:
    """Without spaces at the end of lines, the exact torch build and the seconds."""
    text = re.sub(r"torch [\d.]+\S*", "torch", re.sub(r"[\d.]+ ?s( \(eager [\d.]+s\))?$", "", text, flags=re.MULTILINE))
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()
