"""The source spans of graph nodes, from the stack traces that torch stores as text in `node.meta["stack_trace"]`."""

from __future__ import annotations

import itertools
import linecache
import re
import traceback
import types
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from ..failures import EXAMPLE_FILE, HERE, Codebase, is_library
from ..wire.descriptor_map import Span, StackFrame

_FRAME = re.compile(r'^  File "(?P<path>.+)", line (?P<line>\d+), in (?P<function>.+)$')
_COMMENT = re.compile(r"\s*#[^'\"]*$")
_ASSIGNED = re.compile(r"\)?\s*=\s*([^=\s].*)")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_CARETS = re.compile(r"^(?P<indent> *)(?P<marks>[\^~]+) *$")


class Sources:
    """Call chains and source spans of nodes. `frames` are the frames of all nodes that were asked about, each once."""

    def __init__(self, codebase: Codebase) -> None:
        self._codebase = codebase
        self.frames: list[StackFrame] = []
        self._known: dict[tuple[Span, int | None], int] = {}
        self._parsed: dict[str, int | None] = {}

    def frame_of(self, node: Any) -> int | None:
        """Return the index of the innermost frame of a node; None if torch recorded no stack (direct capture)."""
        text = node.meta.get("stack_trace")
        if not text:
            return None
        if text not in self._parsed:
            self._parsed[text] = self._frame_of_text(text)
        return self._parsed[text]

    def _frame_of_text(self, text: str) -> int | None:
        stack = [span for span in parse(text) if not span.path.startswith(HERE)]  # hooks of ours may be among them
        # If the target itself is torch's, all frames are torch's, and all are kept.
        return self.frame_of_stack([span for span in stack if not is_library(span.path)] or stack)

    def frame_of_stack(self, stack: Sequence[Span]) -> int | None:
        """Return the index of the innermost frame of a call chain, outermost first; None for an empty one."""
        index = None
        for span in stack:
            key = span, index
            if key not in self._known:
                self._known[key] = len(self.frames)
                self.frames.append(StackFrame(span, index, self._codebase.package_of(span.path)))
            index = self._known[key]
        return index

    def source(self, index: int | None) -> Span | None:
        """Return the span that stands for a call chain: its innermost frame of the user's, else its innermost."""
        innermost = index
        while index is not None:
            if self.frames[index].package is None:
                return self.frames[index].span
            index = self.frames[index].caller
        return self.frames[innermost].span if innermost is not None else None

    def of_node(self, node: Any) -> Span | None:
        """Return the span that stands for a node; None if it has no stack."""
        return self.source(self.frame_of(node))


def parse(text: str) -> tuple[Span, ...]:
    """Return the spans of a formatted stack, outermost first.

    Columns come from the carets below the code, which Python 3.11+ writes; it leaves them out if they would mark the
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
        # A bracket that is open at the end of the line is closed on a later one.
        whole = all(marked.count(opening) <= marked.count(closing) for opening, closing in ("()", "[]", "{}"))
        spans.append(Span(path, number, column, *((number, column + width) if whole else (None, None))))
    return tuple(spans)


def call_site(
    frame: types.FrameType | None, is_passed: Callable[[types.FrameType], bool] = lambda frame: False
) -> types.FrameType | None:
    """Return the innermost frame outside torch and the standard library, from `frame` outwards, past some frames.

    None if it is the text of an example, which has no file.
    """
    while frame is not None:
        path = frame.f_code.co_filename
        if path == EXAMPLE_FILE:
            return None
        if not (path.startswith("<") or is_library(path) or is_passed(frame)):
            return frame
        frame = frame.f_back
    return None


def span_of(frame: types.FrameType) -> Span:
    """Return the span of the expression that `frame` is executing; the line alone on Python 3.10."""
    return span_in_code(frame.f_code, frame.f_lasti, frame.f_lineno)


def spans_of_error(error: BaseException) -> list[Span]:
    """Return the spans of the expressions through which an error passed, outermost first."""
    spans = []
    at = error.__traceback__
    while at is not None:
        spans.append(span_in_code(at.tb_frame.f_code, at.tb_lasti, at.tb_lineno))
        at = at.tb_next
    return spans


def span_in_code(code: types.CodeType, instruction: int, number: int) -> Span:
    """Return the span of an instruction, by its offset in bytes; its line `number` alone on Python 3.10."""
    if not hasattr(code, "co_positions"):
        return Span(code.co_filename, number)
    position = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    line, end_line, column, end_column = position
    if line is None or column is None or end_line is None or end_column is None:
        return Span(code.co_filename, number)
    start = code_point_column(code.co_filename, line, column)
    return Span(code.co_filename, line, start, end_line, code_point_column(code.co_filename, end_line, end_column))


def span_of_summary(frame: traceback.FrameSummary) -> Span | None:
    """Return the span of the expression of one frame of a stack; the line alone on Python 3.10, None without a line."""
    if frame.lineno is None:
        return None
    column, end_column = getattr(frame, "colno", None), getattr(frame, "end_colno", None)
    end_line = getattr(frame, "end_lineno", None)
    if column is None or end_column is None or end_line is None:
        return Span(frame.filename, frame.lineno)
    start = code_point_column(frame.filename, frame.lineno, column)
    return Span(frame.filename, frame.lineno, start, end_line, code_point_column(frame.filename, end_line, end_column))


def code_point_column(path: str, line: int, byte_offset: int) -> int:
    """Return a 1-based code point column from Python's 0-based UTF-8 byte offset."""
    text = linecache.getline(path, line)
    return len(text.encode()[:byte_offset].decode(errors="ignore")) + 1


def _characters(text: str, width: int) -> int:
    """Return how many characters of a text are as wide in a terminal as `width` marks: Python makes them fit."""
    if text.isascii() or not hasattr(traceback, "_display_width"):
        return width
    used = 0
    for count, character in enumerate(text):
        if used >= width:
            return count
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return len(text)


def source_text(span: Span) -> str | None:
    """Return the text under a span, or of its whole line if no column is known; None for an empty line.

    An expression that continues on the next line is cut short: `concatenate(…)`. Python marks the targets of an
    assignment that unpacks a sequence: then it is the assigned value that is returned.
    """
    line = linecache.getline(span.path, span.line)
    if not line.strip():
        return None
    end = span.end_column - 1 if span.column and span.end_line == span.line and span.end_column else None
    text = line[span.column - 1 if span.column else 0 : end].strip()
    if end is not None and (assigned := _ASSIGNED.match(line[end:])):
        text, end = _COMMENT.sub("", assigned[1]), None
    if span.column is not None and end is None:
        text = _cut_short(text)
    return text


def _cut_short(text: str) -> str:
    """Return the first line of an expression, up to the bracket that it leaves open."""
    is_open: list[int] = []
    for index, character in enumerate(text):
        if character in "([{":
            is_open.append(index)
        elif character in ")]}" and is_open:
            is_open.pop()
    return f"{text[: is_open[0] + 1]}…{_CLOSING[text[is_open[0]]]}" if is_open else text
