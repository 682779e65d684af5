"""Compares spans of source. Lines and columns count from 1, columns in code points, ends are exclusive."""

from __future__ import annotations

from aotlens_tracer.wire.places import Span


def contains(span: Span, line: int, column: int) -> bool:
    """Whether a position is inside a span. A span without columns is its whole lines."""
    if span.column is None:
        return span.line <= line <= (span.end_line or span.line)
    end = (span.end_line or span.line, span.end_column or span.column + 1)
    return (span.line, span.column) <= (line, column) < end


def is_within(inner: Span, outer: Span) -> bool:
    """Whether one span is inside another one; False if an end or a column of either is unknown."""
    if inner.column is None or inner.end_line is None or inner.end_column is None:
        return False
    if outer.column is None or outer.end_line is None or outer.end_column is None:
        return False
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def extent(span: Span) -> tuple[int, int]:
    """The size of a span as (lines, columns), to compare spans that contain the same position."""
    return (span.end_line or span.line) - span.line, (span.end_column or 1000) - (span.column or 0)
