"""Thousands of definitions of one name are looked at once, not once for each of them."""

from __future__ import annotations

from unittest.mock import patch

from aotlens.model import duplicates
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document


def test_the_last_of_many_definitions_is_looked_for_once() -> None:
    text = "class Net: ...\n" * 300 + "class Other: ...\n"
    document = Document("file:///m.py", "/m.py", 1, text)
    snapshot = Snapshot({"/m.py": document}, {})
    with patch.object(duplicates, "_last", wraps=duplicates._last) as looked:
        found = [duplicates.replacement(snapshot, document, "Net", line) for line in range(1, 301)]
    assert looked.call_count == 1
    assert [one.line for one in found if one is not None] == [300] * 299
    assert found[-1] is None
    assert duplicates.replacement(snapshot, document, "Other", 301) is None
