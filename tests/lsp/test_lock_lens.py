"""A lens shows what has changed since the lock on disk; it goes when the lock is made anew."""

from __future__ import annotations

import re
from pathlib import Path

from lsp.editor import editing
from support import ROOT


def test_a_lens_shows_the_difference_from_the_lock(tmp_path: Path) -> None:
    path, lock = tmp_path / "unused.py", tmp_path / "aotlens.lock"
    path.write_bytes((ROOT / "docs/examples/unused.py").read_bytes())
    text = (ROOT / "docs/lock.md").read_text(encoding="utf-8")
    shown = re.search(r"\$ cat aotlens.lock\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    lock.write_text(shown[1].replace("no-gradient", "gradient"), encoding="utf-8")
    with editing(path) as editor:
        title = "−1 trained parameter since aotlens.lock"
        editor.until(lambda lenses: title in lenses)
        answer = editor.command("showDifference", "Scaled")
        assert "no gradient any more" in answer["markdown"] and "unused.py:12" in answer["markdown"]
        lock.write_text(shown[1], encoding="utf-8")
        editor.changed_on_disk(lock)
        editor.until(lambda lenses: title not in lenses and bool(lenses))
        assert editor.command("showDifference", "Scaled") is None
        assert editor.popped_up() == ["Scaled is as it is locked, or it is not locked"]
