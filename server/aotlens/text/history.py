"""The edits of a document since it was opened, which carry positions from one version to another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

from aotlens_tracer.wire.places import Span

from .edits import AppliedEdit

HISTORY_LIMIT = 1_000
"""The number of edits a document remembers. Positions of versions before them cannot be carried, except in use."""
MOST_JOINED = 10_000
"""The number of joined edits since a version in use, as of a map that is shown, with which it is given up."""
_JOINED_VERSIONS = 16
"""The number of past versions, the most recently used ones, whose joined edits are kept from one edit to the next."""


class History:
    """The remembered edits of a document at one version. Immutable for its users; it caches joined edits."""

    def __init__(self, version: int) -> None:
        self.version = version
        self._known_since = version
        self._edits: tuple[AppliedEdit, ...] = ()
        self._since_version: dict[int, list[AppliedEdit]] = {}

    def followed_by(self, edits: Sequence[AppliedEdit], version: int) -> History:
        """Return the history after further edits, which led to `version`."""
        after = History(version)
        after._edits = (*self._edits, *edits)
        kept = list(self._since_version.items())[-_JOINED_VERSIONS:]
        joined = {since: _join_touching(known, edits) for since, known in kept}
        after._since_version = {since: known for since, known in joined.items() if len(known) <= MOST_JOINED}
        after._known_since = self._known_since
        if (surplus := len(after._edits) - HISTORY_LIMIT) > 0:
            after._known_since = after._edits[surplus - 1].version + 1
            after._edits = after._edits[surplus:]
        return after

    def carry(self, version: int, span: Span) -> Span | None:
        """Return the place of a span of the text at `version` after the edits since.

        None means that an edit has touched the span, or that the edits are no longer remembered. A span without a
        column is its line from the first to the last non-blank character; one without an end is the character at its
        start. Whether the text of today has such a position is not checked.
        """
        if not self._remembers(version):
            return None
        line, column, end_line, end_column = span.line, span.column, span.end_line, span.end_column
        if end_line is None and (column is None or end_column is not None):
            end_line = line
        for _, start, end, new_end, head_blank, tail_blank in self._since(version):
            if start[0] > line and (end_line is None or start[0] > end_line):
                continue
            if end[0] < line or (end[0] == line and (head_blank if column is None else end[1] <= column)):
                right = new_end[1] - end[1]
                if end_column is not None and end_line == end[0]:
                    end_column += right
                if column is not None and line == end[0]:
                    column += right
                down = new_end[0] - end[0]
                line += down
                end_line = None if end_line is None else end_line + down
            elif end_line is None:
                if column is None or start <= (line, column):
                    return None
            elif start[0] < end_line or not (tail_blank if end_column is None else start[1] >= end_column):
                return None
        return replace(span, line=line, column=column, end_line=end_line, end_column=end_column)

    def line_now(self, version: int, line: int) -> int | None:
        """Return the line whose start is that of a line of the text at `version`; None as in `carry`."""
        if not self._remembers(version):
            return None
        for _, start, end, new_end, _, _ in self._since(version):
            if start[0] > line or (start[0] == line and start[1] > 1):
                continue
            if end > (line, 1):
                return None
            line += new_end[0] - end[0]
        return line

    def back(self, version: int, line: int, column: int) -> tuple[int, int] | None:
        """Return the position in the text at `version` of the character that is at a position today.

        None means that the character is newer, or that the edits are no longer remembered.
        """
        if not self._remembers(version):
            return None
        position = (line, column)
        for edit in reversed(self._since(version)):
            if position < edit.start:
                continue
            if position < edit.new_end:
                return None
            position = _moved(position, edit.new_end, edit.end)
        return position

    def _remembers(self, version: int) -> bool:
        return self._known_since <= version <= self.version or version in self._since_version

    def _since(self, version: int) -> list[AppliedEdit]:
        """Return the edits since the text at `version`. Edits that touch are joined, so a typed word is one edit."""
        known = self._since_version.pop(version, None)
        if known is None:
            known = _join_touching([], self._edits[bisect_left(self._edits, (version,)) :])
        self._since_version[version] = known  # the last one is the most recently used
        return known


def _join_touching(edits: Sequence[AppliedEdit], more: Iterable[AppliedEdit]) -> list[AppliedEdit]:
    """Append further edits, joining each with the one before it where they touch."""
    result = list(edits)
    for edit in more:
        joined = _joined(result[-1], edit) if result else None
        if joined is None:
            result.append(edit)
        else:
            result[-1] = joined
    return result


def _joined(first: AppliedEdit, second: AppliedEdit) -> AppliedEdit | None:
    """Return two consecutive edits as one; None if they do not touch."""
    _, start, end, middle, head_blank, tail_blank = first
    if second.end < start or middle < second.start:
        return None
    new_end = second.new_end if second.end >= middle else _moved(middle, second.end, second.new_end)
    if second.start < start:
        start, tail_blank = second.start, tail_blank and second.tail_blank
    if second.end > middle:
        end, head_blank = _moved(second.end, middle, end), head_blank and second.head_blank
    return AppliedEdit(first.version, start, end, new_end, head_blank, tail_blank)


def _moved(position: tuple[int, int], old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int]:
    """Return the place of a position after the text that ended at `old` came to end at `new`."""
    line, column = position
    return line + new[0] - old[0], column + new[1] - old[1] if line == old[0] else column
