"""Notebooks as files: their code, the places of its lines, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aotlens.explain.paths import at_line, in_line, line_in_words, number_of_line, position
from aotlens.session.files import read_python
from aotlens.syntax.source import UnreadableSource
from aotlens.text.notebooks import KERNEL, CodeCell, closed, joined, opened, opened_as_text, read_notebook, remember
from aotlens_tracer.wire.places import Span
from notebook_files import code, markdown, write_notebook


def test_the_code_cells_are_one_text_and_lines_are_named_by_their_cells(tmp_path: Path) -> None:
    path = str(
        write_notebook(tmp_path / "a.ipynb", markdown("# Title\nx"), code("a = 1\n!ls\n"), code(""), code("b\nc"))
    )
    assert read_python(path) == "a = 1\npass\n\n\nb\nc\n"
    names = [at_line(path, line) for line in range(1, 8)]
    assert names[:4] == [f"a.ipynb, cell 2, line {n}" for n in (1, 2, 3)] + ["a.ipynb, cell 3, line 1"]
    assert names[4:] == ["a.ipynb, cell 4, line 1", "a.ipynb, cell 4, line 2", "a.ipynb:7"]
    assert line_in_words(path, 6) == "line 2 of cell 4" and number_of_line(path, 6) == 2
    kernel = str(tmp_path / KERNEL)
    remember(kernel, joined([CodeCell(3, "a"), CodeCell(5, "b\nc")]))
    assert line_in_words(kernel, 3) == "line 2 of In [5]"
    assert in_line(Span(path, 6), path) == ", line 2 of cell 4"
    assert in_line(Span(path, 6), "/other.py") == ", line 2 of cell 4 of a.ipynb"
    assert position(path, 6, 3, lambda path: "a.ipynb") == "a.ipynb, cell 4, line 2"
    assert at_line("/x/model.py", 6) == "model.py:6"


def test_what_an_editor_has_open_counts_whatever_is_read_from_the_file(tmp_path: Path) -> None:
    path = str(write_notebook(tmp_path / "a.ipynb", code("a = 1\nb = 2")))
    opened(path, joined([CodeCell(1, "a = 1"), CodeCell(2, "b = 2")]))
    assert read_python(path) == "a = 1\nb = 2\n" and at_line(path, 2) == "a.ipynb, cell 2, line 1"
    opened_as_text(path, "a = 1\n\n\nb = 2\n")
    assert read_python(path) and at_line(path, 2) == "a.ipynb:2"
    closed(path)
    assert at_line(path, 2) == "a.ipynb, cell 1, line 2"


def test_cells_of_other_languages_are_no_code() -> None:
    cells = [
        {"cell_type": "code", "source": "SELECT 1", "metadata": {"vscode": {"languageId": "sql"}}},
        {"cell_type": "raw", "source": "raw", "metadata": {}},
        {"cell_type": "code", "source": ["x = 1\n", "y"], "metadata": {}},
    ]
    assert read_notebook(json.dumps({"cells": cells}).encode(), "a.ipynb").text == "x = 1\ny\n"


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"", 1, "the file is no notebook: it is not JSON (Expecting value)"),
        (b'{\n "cells": [', 2, "the file is no notebook: it is not JSON (Expecting value)"),
        (b"\n\xff", 2, "byte 0xff is not UTF-8"),
        (b"[" * 100_000, None, "the file is no notebook: its JSON cannot be read"),
        (b"[1]", None, "the file is no notebook of format 4: it has no list of cells"),
        (b'{"worksheets": []}', None, "the file is no notebook of format 4: it has no list of cells"),
        (b'{"cells": [{"source": 3}]}', None, "the file is no notebook of format 4: cell 1 has no source"),
        (b'{"cells": [7]}', None, "the file is no notebook of format 4: cell 1 has no source"),
        (
            b'{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}',
            None,
            "the cells of this notebook are r, not Python",
        ),
    ],
)
def test_a_file_that_is_no_notebook_says_why(data: bytes, line: int | None, reason: str) -> None:
    with pytest.raises(UnreadableSource) as error:
        read_notebook(data, "a.ipynb")
    assert (error.value.line, error.value.reason) == (line, reason)


def test_all_line_ends_count() -> None:
    notebook = joined([CodeCell(1, "a\rb\r\nc"), CodeCell(5, "d")])
    assert [notebook.place(line) for line in (3, 4)] == [(1, 3), (5, 1)]
