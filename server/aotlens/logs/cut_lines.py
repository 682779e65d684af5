"""Lines that a terminal cut at its width are joined again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .torch_prefixes import has_torch_prefix

_NARROWEST, _WIDEST = 60, 500
_LEAST = 2
"""The number of lines of exactly the greatest length that proves a cut: the longest lines of other texts differ.

Lines that differ in digits alone are one: the same function, compiled again.
"""
_DIGITS = re.compile(r"\d")
_START = 8
_SHARE = 0.8
"""The share of lines of the greatest length that a rest follows, at least: a line may have that length by chance."""


def whole_lines(lines: Sequence[str]) -> Iterator[tuple[int, str, Sequence[int]]]:
    """Each line with its number from 1. Of a line that was cut: its pieces joined, and the offset of each of them."""
    width = _width_of_cut(lines)
    if width is None:
        for number, line in enumerate(lines, 1):
            yield number, line, ()
        return
    pieces: list[str] = []
    first = 1
    for number, line in enumerate(lines, 1):
        if not pieces:
            first = number
        pieces.append(line)
        rest = lines[number] if number < len(lines) else ""
        if len(line) != width or not rest or _is_rule(line) or has_torch_prefix(rest):
            yield first, "".join(pieces), _offsets(pieces)
            pieces = []


def _width_of_cut(lines: Sequence[str]) -> int | None:
    """The width at which lines were cut; None if they were not."""
    width = max(map(len, lines), default=0)
    if not _NARROWEST <= width <= _WIDEST:
        return None
    cut = [number for number, line in enumerate(lines) if len(line) == width and not _is_rule(line)]
    if len({_DIGITS.sub("", lines[number]) for number in cut}) < _LEAST:
        return None
    rests = sum(1 for number in cut if number + 1 < len(lines) and _can_be_rest(lines[number + 1], lines[number]))
    return width if rests >= _SHARE * len(cut) else None


def _can_be_rest(line: str, before: str) -> bool:
    """Whether a line can be the rest of the one before it. A rest has no prefix, and does not begin as that does."""
    start, other = (_DIGITS.sub("", text[:_START]) for text in (line, before))
    return bool(line) and start != other and not has_torch_prefix(line)


def _is_rule(line: str) -> bool:
    """Whether a line is a rule or a frame of a table, which others of the same length follow."""
    return len(set(line)) <= 3


def _offsets(pieces: Sequence[str]) -> Sequence[int]:
    if len(pieces) == 1:
        return ()
    offsets, offset = [], 0
    for piece in pieces:
        offsets.append(offset)
        offset += len(piece)
    return offsets
