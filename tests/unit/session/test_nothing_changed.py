"""Nothing is traced again if an edit changed nothing that a trace reads, and no place."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from aotlens.syntax.code_lines import code_lines
from aotlens.text.documents import Document
from aotlens.text.edits import Edit
from aotlens.text.uris import uri_of
from unit.session.test_conventions import MODEL, Fixture, run

SOURCE = """\
# -*- coding: utf-8 -*-
import torch  # the framework

# A note.
# aotlens: Net(
#     1
# )(torch.ones(2))
class Net:
    text = '''
    # no comment
    '''

    def forward(self, x):  # type: (Tensor) -> Tensor
        return x  # as it is
"""


def lines(text: str) -> Sequence[str]:
    return code_lines(Document("file:///m.py", "/m.py", 1, text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# the framework", "# what else"),
        ("  # the framework", ""),
        ("# A note.", "# Another note, which is longer."),
        ("# A note.", ""),
        ("return x  # as it is", "return x"),
        ("# as it is\n", "# as it is\n\n\n# the end\n"),
    ],
)
def test_comments_are_no_code(old: str, new: str) -> None:
    assert old in SOURCE
    assert lines(SOURCE.replace(old, new)) == lines(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return x  #", "return y  #"),
        ("return x  #", "return  x  #"),
        ("# A note.\n", ""),
        ("import torch", "\nimport torch"),
        ("#     1", "#     2"),
        ("Net(\n", "Net(0,\n"),
        ("# no comment", "# some text"),
        ("(Tensor) -> Tensor", "(Tensor) -> int"),
        ("utf-8", "latin-1"),
        ("return x", "return x\n        # 1\n        return y"),
    ],
)
def test_code_pins_and_places_count(old: str, new: str) -> None:
    assert old in SOURCE
    assert lines(SOURCE.replace(old, new)) != lines(SOURCE)


pytest_no_windows = pytest.mark.skipif(sys.platform == "win32", reason="a script stands for an interpreter")


@pytest_no_windows
def test_a_comment_an_undone_edit_and_a_save_cost_no_trace(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        version = 1

        def edit(change: Edit, *, is_good: bool) -> None:
            nonlocal version
            version += 1
            it.session.changed(it.documents.change(uri_of(str(it.model)), version, [change]))
            assert it.state.stale
            it.session.saved(str(it.model))
            assert it.state.stale is not is_good

        it.session.saved(str(it.model))
        assert it.state.status == "traced"
        edit(Edit(5, 17, 5, 17, "  # as it is"), is_good=True)
        edit(Edit(5, 19, 5, 29, "# so"), is_good=True)
        assert it.state.versions == {str(it.model): version}
        assert len(it.requests) == 1
        version += 1  # typed and taken back before the text is saved
        it.session.changed(it.documents.change(uri_of(str(it.model)), version, [Edit(5, 16, 5, 17, "yy")]))
        edit(Edit(5, 16, 5, 18, "x"), is_good=True)
        assert len(it.requests) == 1
        edit(Edit(1, 1, 1, 1, "# above\n"), is_good=False)
        await it.until(lambda state: state.status == "traced" and not state.stale)
        assert len(it.requests) == 2

    run(tmp_path, steps)


@pytest_no_windows
def test_what_changed_elsewhere_is_traced_in_spite_of_an_edit_that_changes_nothing(tmp_path: Path) -> None:
    async def steps(it: Fixture) -> None:
        it.configure(trace_run="manual")
        it.configure(trace_mode="eval")  # the map is stale now, and nothing is traced
        assert it.state.stale
        it.configure(trace_run="onSave")
        it.session.changed(it.documents.change(uri_of(str(it.model)), 2, [Edit(5, 17, 5, 17, "  # so")]))
        it.session.saved(str(it.model))
        assert it.state.stale
        await it.until(lambda state: state.status == "traced" and not state.stale)
        assert len(it.requests) == 2
        assert MODEL in it.documents.by_path[str(it.model)].text.replace("  # so", "")

    run(tmp_path, steps)
