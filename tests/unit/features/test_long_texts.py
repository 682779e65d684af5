"""Questions about texts with very long lines, or nested as deeply as they are long, are answered soon."""

from __future__ import annotations

import time

from aotlens.features.symbols import completions
from aotlens.model.snapshot import Snapshot
from aotlens.syntax.at_position import subjects_at
from aotlens.text.documents import Document

BROKEN = "class Net(nn.Module):\n    def __init__(self):\n" + "        self.a:\n" * 10_000 + "    def f(self): ...\n"


def test_a_completion_in_a_long_line() -> None:
    text = "state_dict" * 20_000
    start = time.monotonic()
    assert completions(Snapshot({}, {}), Document("", "/a.py", 1, text), 1, len(text) + 1) is None
    assert time.monotonic() - start < 2


def test_subjects_in_a_deeply_nested_text() -> None:
    document = Document("", "/a.py", 1, BROKEN)
    start = time.monotonic()
    list(subjects_at(document, 5000, 14))
    assert time.monotonic() - start < 3
