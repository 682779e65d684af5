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


def test_above_a_folder_that_was_named_nothing_is_obeyed() -> None:
    named = Trust(True, ("/a/work", "/a/work/b", "/opened"), ("/a/work", "/a/work/b"))
    assert named.outermost("/a/work/b/x.py") == "/a/work"
    assert named.outermost("/a/work/b/") == "/a/work"
    assert named.outermost("/opened/x.py") is None, "a folder of the workspace, which the client trusts"
    assert Trust(True, ("/a", "/a/b"), ("/a/b",)).outermost("/a/b/x.py") is None
    assert named.outermost("/elsewhere/x.py") is None
    assert EVERYWHERE.outermost("/a/work/x.py") is None


def test_no_program_of_a_workspace_folder_that_is_not_trusted() -> None:
    trust = Trust(True, ("/u/mine",), ("/u/mine",), distrusted=("/u",))
    assert trust.may_start("/usr/bin/python") and trust.may_start("/u/mine/.venv/bin/python")
    assert not trust.may_start("/u/.venv/bin/python")
    assert trust.covers_folder("/u/mine") and not trust.covers_folder("/u")
