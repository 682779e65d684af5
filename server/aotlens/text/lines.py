r"""The lines of a text, kept with their ends. Only \n, \r\n and \r end a line, as in LSP and in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import overload

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


def split_keeping_ends(text: str) -> list[str]:
    """Split a text into lines with their ends.

    The last line has no end, and is empty if the text ends with a line end, so there is at least one line.
    """
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


def nearest_position(raw: Sequence[str], line: int, column: int) -> tuple[int, int]:
    """Return the 1-based position inside the text that is nearest to the given one.

    A position after the end of a line becomes the end of that line; one after the last line, the end of the text.
    """
    if line < 1:
        return 1, 1
    if line > len(raw):
        return len(raw), len(raw[-1]) + 1
    return line, max(1, min(column, len(raw[line - 1].rstrip("\r\n")) + 1))


class Lines(Sequence[str]):
    """A view of lines without their ends. Each end is removed only when its line is read."""

    def __init__(self, raw: list[str]) -> None:
        self._raw = raw

    def __len__(self) -> int:
        return len(self._raw)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(Lines(self._raw[index]))
        return self._raw[index].rstrip("\r\n")

    def __iter__(self) -> Iterator[str]:
        return (line.rstrip("\r\n") for line in self._raw)
