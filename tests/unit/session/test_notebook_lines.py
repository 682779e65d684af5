"""The lines of a notebook's cells in its file."""

from __future__ import annotations

import json

import pytest

from aotlens.text.notebook_lines import lines_in_file

PARTS = [["# A\n", "b"], ["a = 1\n", 'b = "\\u00fc"\n'], [], ["c", "d\n", "\n", "e"]]
CONTENT = {
    "metadata": {"cells": [{"source": ["no"]}]},
    "cells": [{"outputs": [{"source": ["no\n"]}], "source": part, "metadata": {}} for part in PARTS],
}


@pytest.mark.parametrize("indent", [1, 4, None])
def test_lines_stand_where_their_text_does(indent: int | None) -> None:
    text = json.dumps(CONTENT, indent=indent)
    found = lines_in_file(text)
    assert [len(lines) for lines in found] == [2, 2, 0, 3]
    rows = text.splitlines()
    for lines, starts in zip(found, (("# A", "b"), ("a = 1", "b = "), (), ("c", "", "e")), strict=True):
        for line, start in zip(lines, starts, strict=True):
            assert f'"{start}' in rows[line - 1]


def test_a_cell_may_be_one_string_and_the_file_may_be_written_in_any_way() -> None:
    text = '\n {"nbformat":4\n,"cells" : [ {"source": "a\\nb"} ,\n{ "x":[], "source" :\r\n["c"\n, "d\\n", "e"]}]}\n'
    assert lines_in_file(text) == [[3, 3], [5, 6]]


@pytest.mark.parametrize("text", ["", "3", "[]", "{}", '{"cells": 3}', '{"cells": [{}]}', '{"cells": [{"source": 1}]}'])
def test_what_is_no_notebook_is_told(text: str) -> None:
    with pytest.raises(ValueError):
        lines_in_file(text)
