"""Edits of a text, applied to its lines."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple, TypeVar

from .lines import nearest_position, split_keeping_ends

_Text = TypeVar("_Text", str, bytes)


@dataclass(frozen=True)
class Edit:
    """Replaces the text from start to end (exclusive). A position outside the text means the nearest one inside."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int
    text: str


class AppliedEdit(NamedTuple):
    """An edit that was made: the text from `start` to `end` became the text from `start` to `new_end`.

    `version` is the version of the text before the edit. In that text, `head_blank` says that only blanks precede `end`
    in its line, and `tail_blank` that only blanks follow `start` in its line.
    """

    version: int
    start: tuple[int, int]
    end: tuple[int, int]
    new_end: tuple[int, int]
    head_blank: bool
    tail_blank: bool


def apply(raw: list[str], edit: Edit, version: int) -> AppliedEdit:
    r"""Apply an edit to the lines in place. `version` is the version of the text before it.

    A \r and a \n that become neighbours are one line end from then on. The edit is then recorded as if it had replaced
    both, so that no recorded position lies between them.
    """
    start = nearest_position(raw, edit.start_line, edit.start_column)
    end = nearest_position(raw, edit.end_line, edit.end_column)
    if end < start:
        start, end = end, start
    first, last = start[0] - 1, end[0] - 1
    head_blank = not raw[last][: end[1] - 1].strip()
    tail_blank = not raw[first][start[1] - 1 :].strip()
    before, after = raw[first][: start[1] - 1], raw[last][end[1] - 1 :]
    if not before and first > 0 and raw[first - 1].endswith("\r"):
        first -= 1
        before = raw[first]
    region = before + edit.text + after
    lines = split_keeping_ends(region)
    if last + 1 < len(raw):
        lines.pop()  # the region ends with the line end of `last`, so its last line is the empty one after that end
    changed = len(before) + len(edit.text)
    if before.endswith("\r") and region.startswith("\n", len(before)):
        start, tail_blank = (first + 1, len(before)), True
    if changed and region.startswith("\r\n", changed - 1):
        end, head_blank = (last + 2, 1), True
        changed += 1
    raw[first : last + 1] = lines
    row = first
    while changed > len(raw[row]) or (changed == len(raw[row]) and raw[row].endswith(("\r", "\n"))):
        changed -= len(raw[row])
        row += 1
    return AppliedEdit(version, start, end, (row + 1, changed + 1), head_blank, tail_blank)


def smallest_edit(old: str, new: str) -> Edit:
    """Return the smallest edit that turns one text into another, so that the text around it keeps its place."""
    start, tail = common_ends(old, new)
    # An edit must not begin or end between \r and \n, because no position lies there.
    if start and old[start - 1] == "\r" and (old.startswith("\n", start) or new.startswith("\n", start)):
        start -= 1
    if tail and old[-tail] == "\n" and "\r" in (old[-tail - 1 : -tail], new[-tail - 1 : -tail]):
        tail -= 1
    starts = [0, *accumulate(map(len, split_keeping_ends(old)))]

    def position(offset: int) -> tuple[int, int]:
        line = min(bisect_right(starts, offset), len(starts) - 1)
        return line, offset - starts[line - 1] + 1

    return Edit(*position(start), *position(len(old) - tail), new[start : len(new) - tail])


def common_ends(old: _Text, new: _Text) -> tuple[int, int]:
    """Return the lengths of the longest common head and of the longest common tail that does not overlap it."""
    longest = min(len(old), len(new))
    head, high = 0, longest
    while head < high:
        middle = (head + high + 1) // 2
        if old[head:middle] == new[head:middle]:
            head = middle
        else:
            high = middle - 1
    tail, high = 0, longest - head
    while tail < high:
        middle = (tail + high + 1) // 2
        if old[len(old) - middle : len(old) - tail] == new[len(new) - middle : len(new) - tail]:
            tail = middle
        else:
            high = middle - 1
    return head, tail
