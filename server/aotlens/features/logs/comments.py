"""Writes the names beside the numbers: each comment is an edit at the end of a line."""

from __future__ import annotations

from aotlens.explain.annotated_log import comments
from aotlens.features.fixes.action import TextEdit
from aotlens.logs.named import LogNames

from .view import LogView

MOST_EDITS = 20_000
"""The most lines that get a comment at once."""


def comment_edits(view: LogView, names: LogNames) -> list[TextEdit]:
    """The comments that the log does not have yet, from the first line on. `names` may be better than the view's."""
    edits = []
    for line, comment in sorted(comments(names).items()):
        text = view.document.line(line).rstrip()
        if not text.endswith((comment, "\\")):  # a backslash joins the line with the next
            span = view.span_of(line, len(text) + 1, len(view.document.line(line)) + 1)
            edits.append(TextEdit(span, f"  # {comment}"))
    return edits[:MOST_EDITS]


def decoded(view: LogView, names: LogNames) -> str:
    """The text of the log with these comments."""
    lines = list(view.document.lines)
    for edit in comment_edits(view, names):
        text = lines[edit.span.line - 1]
        lines[edit.span.line - 1] = text[: (edit.span.column or 1) - 1] + edit.text
    return "\n".join(lines)
