"""Comments that suppress a finding: `# aotlens: ignore[code]`, or `# aotlens: ignore` for every finding.

A comment at the end of a line counts for that line; one on a line of its own counts for the line below. Lines that a
string spans, or that backslashes join, count as one line: a comment can only stand at their end or above them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aotlens.syntax.comments import Comment, comment_of, commentable_line, joined_from
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

_IGNORE = re.compile(r"#\s*aotlens:\s*ignore(?:\[(?P<codes>[^\]]*)\])?")


@dataclass(frozen=True)
class Suppression:
    """One code of a comment that suppresses findings, or the comment if it names none: its place and the code."""

    span: Span
    code: str | None


def suppressions(document: Document) -> list[Suppression]:
    """Everything that comments of a document suppress, in the order of its text."""
    found = []
    for number, text in enumerate(document.lines, 1):
        if "aotlens" in text and (comment := comment_of(document, number)) is not None:
            found += _named(document, number, comment)
    return found


def suppressing(document: Document, line: int, code: str) -> Suppression | None:
    """The part of a comment that suppresses the findings of this code on a line; None if none does."""
    for number, comment in _comments(document, line):
        for each in _named(document, number, comment):
            if each.code in (code, None):
                return each
    return None


def _named(document: Document, line: int, comment: Comment) -> list[Suppression]:
    """The parts of a comment on a line that suppress findings."""
    match = _IGNORE.search(comment.text)
    if match is None:
        return []
    column, codes = comment.column, match["codes"]
    if codes is None:
        return [Suppression(Span(document.path, line, column + match.start(), line, column + match.end()), None)]
    found, start = [], column + match.start("codes")
    for item in codes.split(","):
        begin = start + len(item) - len(item.lstrip())
        code = item.strip()
        found.append(Suppression(Span(document.path, line, begin, line, begin + len(code)), code))
        start += len(item) + 1
    return found


def suppression(document: Document, line: int, code: str) -> tuple[Span, str]:
    """The place and the text of a comment that suppresses the findings of this code on a line."""
    end = commentable_line(document, line)
    if end is None:  # the text ends inside a string, or with a backslash
        above = joined_from(document, line)
        text = document.line(above)
        indent = text[: len(text) - len(text.lstrip())]
        return Span(document.path, above, 1, above, 1), f"{indent}# aotlens: ignore[{code}]\n"
    comment = comment_of(document, end)
    match = _IGNORE.search(comment.text) if comment is not None else None
    if comment is not None and match is not None and match["codes"] is not None:
        column = comment.column + match.end("codes")
        return Span(document.path, end, column, end, column), f", {code}"
    text = document.line(end)
    return Span(document.path, end, len(text.rstrip()) + 1, end, len(text) + 1), f"  # aotlens: ignore[{code}]"


def _comments(document: Document, line: int) -> Iterator[tuple[int, Comment]]:
    """The comments that count for a line, each with its own line."""
    end = commentable_line(document, line)
    comment = comment_of(document, end) if end is not None else None
    if comment is not None and end is not None:
        yield end, comment
    above = joined_from(document, line) - 1
    comment = comment_of(document, above)
    if comment is not None and comment.stands_alone(document.line(above)):
        yield above, comment
