"""The lines of source that the lines of a log name, and the files here that a path of another machine may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .graphs import SourceLine

_NAMES = (
    re.compile(
        r"# File: (?P<path>(?:(?!# File: ).)+?):(?P<line>\d{1,9}) in (?P<function>[^,\s]+)(?:, code: (?P<code>.*\S))?"
    ),
    re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d{1,9})(?:, in (?P<function>\S+))?'),
    # Guards and other messages: torch shortens some of these paths, so that they begin in the middle.
    re.compile(r"(?<![\w./\\\-])(?P<path>[\w./\\\-]+\.py):(?P<line>\d{1,9})(?: in (?P<function>\w+))"),
    re.compile(r"(?<![\w./\\\-])(?P<path>(?:/|[A-Za-z]:[\\/])[^\s:\"'<>|]{0,1000}\.py):(?P<line>\d{1,9})"),
)
LONGEST_LINE = 1 << 14
"""The characters of a line in which paths are looked for, from its beginning."""
_INSTALLED = ("site-packages", "dist-packages")
_SEPARATOR = re.compile(r"[/\\]+")


@dataclass(frozen=True)
class NamedLine:
    """A line of source that a line of a log names, from its path to its number: from `column` to `end_column`."""

    source: SourceLine
    column: int
    end_column: int


def named_lines(text: str) -> Iterator[NamedLine]:
    """The lines of source that a line of a log names, each once. A line may be as long as a whole log."""
    text = text[:LONGEST_LINE]
    if ".py" not in text:
        return
    ends: list[tuple[int, int]] = []
    for pattern in _NAMES:
        for match in pattern.finditer(text):
            start, end = match.start("path"), match.end("line")
            if any(first < end and start < last for first, last in ends):
                continue
            ends.append((start, end))
            found = match.groupdict()
            source = SourceLine(match["path"], int(match["line"]), found.get("function"), found.get("code"))
            yield NamedLine(source, start + 1, end + 1)


def nearest_files(path: str, files: Iterable[str]) -> tuple[str, ...]:
    """The files whose paths have the longest end in common with a path; empty if none has its name.

    Several are equally near if they have the same names of folders above them. A file of an installed package is only
    near to one with its whole path in that package.
    """
    wanted = _parts(path)
    installed = max((wanted.index(name) + 1 for name in _INSTALLED if name in wanted), default=None)
    best, found = 0 if installed is None else len(wanted) - installed - 1, list[str]()
    for file in files:
        common = _common_end(wanted, _parts(file))
        if common > best:
            best, found = common, [file]
        elif common == best and common:
            found.append(file)
    return tuple(dict.fromkeys(found))


def _parts(path: str) -> list[str]:
    return [part for part in _SEPARATOR.split(path) if part not in ("", ".")]


def _common_end(one: list[str], other: list[str]) -> int:
    count = 0
    for first, second in zip(reversed(one), reversed(other)):
        if first != second:
            break
        count += 1
    return count
