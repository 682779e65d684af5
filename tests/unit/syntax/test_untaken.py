"""The conditions that did not let a line run, read from the text."""

from __future__ import annotations

import pytest

from aotlens.syntax.untaken import conditions_before, parts_to_blame
from aotlens.text.documents import Document

TEXT = """\
def forward(self, x, targets=None, mask=None, flag=False):
    if targets is not None:
        a = 1
    else:
        # a comment
        b = 1
    if not (flag and mask is None):
        c = 1
    if targets is None and mask is None:
        d = 1
    if x.ndim > 3:
        e = 1
    elif exists(mask):
        f = 1
    while self.training:
        g = 1
    for each in x:
        h = 1
    if flag:
        return x
    i = 1
"""

CASES = {
    "a = 1": [("targets is not None", False)],
    "b = 1": [("targets is not None", True)],
    "c = 1": [("flag and mask is None", True)],
    "d = 1": [("targets is None", False), ("mask is None", False)],
    "e = 1": [("x.ndim > 3", False)],
    "f = 1": [("exists(mask)", False), ("x.ndim > 3", True)],
    "g = 1": [("self.training", False)],
    "h = 1": [],
    "i = 1": [("flag", True)],
    "def forward": [],
}
"""Parts of conditions with the values that they had, of which one at least did not let the line run."""


@pytest.mark.parametrize("marked", CASES)
def test_the_conditions_that_did_not_let_a_line_run(marked: str) -> None:
    document = Document("file:///m.py", "/m.py", 1, TEXT)
    line = next(n for n in range(1, document.line_count + 1) if marked in document.line(n))
    parts = [part for condition in conditions_before(document, line) for part in parts_to_blame(condition)]
    assert [(part.text, part.is_true) for part in parts] == CASES[marked]


def test_a_comparison_with_none_says_what_is_none() -> None:
    document = Document("file:///m.py", "/m.py", 1, TEXT)
    (taken,), (left,) = conditions_before(document, 3), conditions_before(document, 6)
    assert [part.compared_with_none is not None and part.compared_with_none[1] for part in (taken, left)] == [
        True,
        False,
    ]
