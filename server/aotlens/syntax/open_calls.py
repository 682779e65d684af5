"""Finds the call whose brackets are around a position, in code that is being written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .source_text import SourceText

_NAME = re.compile(r"(?<![\w.])(?:[^\W\d]\w*\s*\.\s*)*[^\W\d]\w*\s*$")
_DEFINES = re.compile(r"\b(?:def|class)\s+\w+\s*$")
_KEYWORD = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")
_LINES = 20
"""The most lines that a call may have before the position."""
_WIDTH = 2000
"""The characters of a line that are read: a line may hold a megabyte of data."""
_OPENING = "([{"
_CLOSING = ")]}"


@dataclass(frozen=True)
class OpenCall:
    """A call: the dotted name of what is called, and the argument at the position.

    `argument` counts from 0. `keyword` is the name before its `=`, None for a positional argument.
    """

    name: str
    argument: int
    keyword: str | None


def open_call(document: SourceText, line: int, column: int) -> OpenCall | None:
    """The innermost call whose brackets are around a position; None without one."""
    text = _before(document, line, column)
    depth, commas, first_comma, index = 0, 0, len(text), len(text)
    while index > 0:
        index -= 1
        char = text[index]
        if char in "\"'":
            index = max(text.rfind(char, text.rfind("\n", 0, index) + 1, index), 0)
        elif char in _CLOSING:
            depth += 1
        elif char in _OPENING and depth > 0:
            depth -= 1
        elif char == "," and depth == 0:
            first_comma = index + 1 if commas == 0 else first_comma
            commas += 1
        elif char in _OPENING:
            head = text[max(0, index - _WIDTH) : index]
            name = _NAME.search(head) if char == "(" else None
            if name is None:
                commas, first_comma = 0, index  # a tuple, list or dict is one argument of the call around it
                continue
            if _DEFINES.search(head):
                return None
            keyword = _KEYWORD.match(text, first_comma if commas else index + 1)
            return OpenCall(re.sub(r"\s", "", name[0]), commas, keyword[1] if keyword is not None else None)
    return None


def _before(document: SourceText, line: int, column: int) -> str:
    """The text of the lines up to a position, without comments that fill a line."""
    lines = [document.line(number)[:_WIDTH] for number in range(max(1, line - _LINES), line)]
    lines = [each for each in lines if not each.lstrip().startswith("#")]
    return "\n".join([*lines, _outside_of_string(document.line(line)[max(0, column - 1 - _WIDTH) : column - 1])])


def _outside_of_string(text: str) -> str:
    """The beginning of a line without the string that its end lies in."""
    opened: int | None = None
    for index, char in enumerate(text):
        if char in "\"'" and (opened is None or text[opened] == char):
            opened = index if opened is None else None
    return text if opened is None else text[:opened]
