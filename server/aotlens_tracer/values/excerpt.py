"""The part of a source that has some functions, with all lines in their places: long files take long to parse."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Sequence

_DEFINITION = re.compile(r"\s*(?:async\s+)?def\b")


def excerpt(lines: Sequence[str], codes: Iterable[types.CodeType]) -> str | None:
    """Return the text of the functions of some code, of those around them and the headers of their classes.

    All other lines are empty. None if a function is not found by the indentation of lines. The answer does not parse if
    a text of several lines stands less indented than its function.
    """
    kept: dict[int, str] = {index: line for index, line in enumerate(lines) if line.startswith("from __future__")}
    for code in codes:
        names = getattr(code, "co_qualname", "<unknown>").split(".<locals>")[0].split(".")
        start: int | None = code.co_firstlineno - 1
        if start is None or start >= len(lines):
            return None
        if "<locals>" in getattr(code, "co_qualname", ""):
            start = _above(lines, start, rf"(?:async\s+)?def\s+{re.escape(names[-1])}\b")
            start = _first_decorator(lines, start) if start is not None else None
        end = _end(lines, start) if start is not None else None
        if start is None or end is None:
            return None
        kept.update((index, lines[index]) for index in range(start, end))
        for name in reversed(names[:-1]):
            start = _above(lines, start, rf"class\s+{re.escape(name)}\b")
            if start is None:
                return None
            kept[start] = f"{lines[start][: _indentation(lines[start])]}class {name}:"
        if _indentation(lines[start]):
            return None
    return "\n".join(kept.get(index, "") for index in range(len(lines)))


def _above(lines: Sequence[str], below: int, pattern: str) -> int | None:
    """Return the nearest line above that begins so, and is less indented."""
    limit = _indentation(lines[below])
    wanted = re.compile(rf"\s*{pattern}")
    for index in range(below - 1, -1, -1):
        if _indentation(lines[index]) < limit and wanted.match(lines[index]):
            return index
    return None


def _first_decorator(lines: Sequence[str], definition: int) -> int | None:
    """Return the line of the first decorator of a definition; None if its decorators take more than a line each."""
    start = definition
    while start > 0 and lines[start - 1].lstrip().startswith("@"):
        start -= 1
    return None if start > 0 and lines[start - 1].strip().startswith((")", "]", "}")) else start


def _end(lines: Sequence[str], start: int) -> int | None:
    """Return the line after a function that begins at `start`, with its decorators; None if it has no `def`."""
    limit = _indentation(lines[start])
    index = start
    while index < len(lines) and not _DEFINITION.match(lines[index]):
        index += 1
    if index == len(lines):
        return None
    for end in range(index + 1, len(lines)):
        text = lines[end].strip()
        if text and not text.startswith(("#", ")", "]", "}")) and _indentation(lines[end]) <= limit:
            return end
    return len(lines)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
