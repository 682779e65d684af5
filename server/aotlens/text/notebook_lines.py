"""The places of a notebook's lines in its file, which is JSON: for tools that show files and know no cells."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from .lines import split_keeping_ends

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


def lines_in_file(text: str) -> list[list[int]]:
    """Return, for each cell of a notebook file, the lines of the file in which the lines of the cell stand, from 1.

    Jupyter writes each on a line of its own; all lines of a cell that is written as one string stand in one. Raises
    ValueError if the file is no notebook.
    """
    json.loads(text)
    ends = [match.start() for match in re.finditer("\n", text)]
    try:
        (cells,) = (at for key, at in _members(text, 0) if key == "cells")  # ValueError if there are none, or two
        return [_lines_of_cell(text, cell, ends) for cell in _items(text, cells)]
    except (IndexError, TypeError):
        raise ValueError("no notebook of format 4") from None


def _lines_of_cell(text: str, cell: int, ends: Sequence[int]) -> list[int]:
    (source,) = (at for key, at in _members(text, cell) if key == "source")
    lines: list[int] = []
    is_begun = False
    for at in _items(text, source) if text[source] == "[" else (source,):
        part, _ = _DECODER.raw_decode(text, at)
        for line in filter(None, split_keeping_ends(part)):
            if not is_begun:
                lines.append(bisect_left(ends, at) + 1)
            is_begun = not line.endswith(("\n", "\r"))
    return lines


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of an object that begins at an offset of valid JSON, with the offsets of their values."""
    for begin in _items(text, at):
        key, end = _DECODER.raw_decode(text, begin)
        yield key, _after(text, end)


def _items(text: str, at: int) -> Iterator[int]:
    """The offsets of the items of an array, or of the keys of an object, that begins at an offset of valid JSON."""
    kind = text[_visible(text, at)]
    if kind not in "[{":
        raise TypeError(f"{kind} begins neither an array nor an object")
    at = _after(text, at)
    while text[at] not in "]}":
        yield at
        _, end = _DECODER.raw_decode(text, at)
        if kind == "{":
            _, end = _DECODER.raw_decode(text, _after(text, end))
        at = _visible(text, end)
        if text[at] == ",":
            at = _after(text, at)


def _visible(text: str, at: int) -> int:
    """The offset of the next character that is no white space."""
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _after(text: str, at: int) -> int:
    """The offset behind the next visible character, where the next token begins."""
    return _visible(text, _visible(text, at) + 1)
