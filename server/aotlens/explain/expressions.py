"""The user's expressions, quoted in a sentence with their lines."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens_tracer.wire.places import Expression, Span

from .brief import listed
from .paths import at_line, line_in_words

_LONGEST = 60
"""Characters of an expression that are quoted."""


def quoted_with_lines(expressions: Sequence[Expression], path: str | None) -> str:
    """Return the expressions with their lines: "`x.detach()` on line 9 and `y.round()` at parts.py:3".

    A line in the file `path` is named without its file.
    """
    return listed([quoted(each) + on_line(each.span, path) for each in expressions])


def quoted(expression: Expression) -> str:
    """Return an expression, the end of a long one left out."""
    text = expression.text
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}`"


def on_line(span: Span | None, path: str | None) -> str:
    """Return ` on line 9`, or ` at parts.py:3` for another file than `path`; empty without a span."""
    if span is None:
        return ""
    if span.path == path:
        return f" on {line_in_words(path, span.line)}"
    return f" at {at_line(span.path, span.line)}"
