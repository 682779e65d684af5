"""The files whose code may run."""

from __future__ import annotations

import pytest

from aotlens.model.trust import EVERYWHERE, Trust


@pytest.mark.parametrize(
    ("path", "is_covered"),
    [
        ("/a/work/x.py", True),
        ("/a/work/b/..x.py", True),
        ("/a/work/../other/x.py", False),
        ("/a/work/link/../x.py", False),
        ("/a/work-of-another/x.py", False),
        ("/a/work", False),
        ("work/x.py", False),
    ],
)
def test_a_folder_covers_what_is_in_it(path: str, is_covered: bool) -> None:
    assert Trust(True, ("/a/work",)).covers(path) is is_covered
    assert Trust(True, ("/a/work/",)).covers(path) is is_covered
    assert EVERYWHERE.covers(path)
    assert not Trust(False).covers(path)
