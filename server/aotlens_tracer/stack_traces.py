"""The source spans of graph nodes, from the stack traces that torch stores as text in `node.meta["stack_trace"]`."""

from __future__ import annotations

import linecache
import re
import traceback
import unicodedata
from typing import Any

from .descriptor_map import Span
from .failures import Codebase

_FRAME = re.compile(r'^  File "(?P<path>.+)", line (?P<line>\d+), in (?P<function>.+)$')
_CARETS = re.compile(r"^(?P<indent> *)(?P<marks>[\^~]+) *$")


class Sources:
    """Spans of nodes, in the user's files."""

    def __init__(self, codebase: Codebase) -> None:
        self._codebase = codebase
        self._parsed: dict[str, tuple[Span, ...]] = {}

    def stack_of_node(self, node: Any) -> tuple[Span, ...]:
        """The frames of a node, outermost first; empty where torch recorded none (direct capture)."""
        text = node.meta.get("stack_trace")
        if not text:
            return ()
        if text not in self._parsed:
            self._parsed[text] = parse(text)
        return self._parsed[text]

    def of_node(self, node: Any) -> Span | None:
        """The span of the innermost frame of the user's, else of the innermost frame."""
        stack = self.stack_of_node(node)
        owned = [span for span in stack if self._codebase.owns(span.path)]
        return owned[-1] if owned else stack[-1] if stack else None

    def of_forward_node(self, node: Any) -> Span | None:
        """The span of an operation of the forward part; None for all others, and where there is no trace."""
        if node.op == "output" or node.meta.get("partitioner_tag") == "is_backward":
            return None
        return self.of_node(node)


def parse(text: str) -> tuple[Span, ...]:
    """The spans of a formatted stack, outermost first.

    Columns come from the carets below the code, which Python 3.11+ writes; it leaves them out where they would mark the
    whole line. A span of several lines is marked on its first line only, so its end is not known.
    """
    lines = text.splitlines()
    spans: list[Span] = []
    for index, line in enumerate(lines):
        match = _FRAME.match(line)
        if match is None:
            continue
        path, number = match["path"], int(match["line"])
        code = lines[index + 1] if index + 1 < len(lines) and not _FRAME.match(lines[index + 1]) else None
        carets = _CARETS.match(lines[index + 2]) if code is not None and index + 2 < len(lines) else None
        if code is None or carets is None:
            spans.append(Span(path, number))
            continue
        source = linecache.getline(path, number)
        shown = len(carets["indent"]) - (len(code) - len(code.lstrip()))
        offset = _characters(code.strip(), shown)
        column = len(source) - len(source.lstrip()) + offset + 1
        width = _characters(code.strip(), shown + len(carets["marks"])) - offset
        marked = source[column - 1 : column - 1 + width]
        # What is open at the end of the line goes on on the next one.
        whole = all(marked.count(opening) <= marked.count(closing) for opening, closing in ("()", "[]", "{}"))
        spans.append(Span(path, number, column, *((number, column + width) if whole else (None, None))))
    return tuple(spans)


def _characters(text: str, width: int) -> int:
    """How many characters of a text are as wide in a terminal as so many marks: Python sees to it that these fit."""
    if text.isascii() or not hasattr(traceback, "_display_width"):
        return width
    used = 0
    for count, character in enumerate(text):
        if used >= width:
            return count
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return len(text)


def source_text(span: Span) -> str | None:
    """The text under a span, or of its whole line where no column is known, without a leading `self.`."""
    line = linecache.getline(span.path, span.line)
    if not line.strip():
        return None
    if span.column is not None:
        end = span.end_column - 1 if span.end_line == span.line and span.end_column else None
        text = line[span.column - 1 : end].strip()
    else:
        text = line.strip()
    return text.removeprefix("self.")
