"""Spans are compared by lines and columns."""

from __future__ import annotations

import pytest

from aotlens.model.spans import contains, extent, is_within
from aotlens_tracer.wire.descriptor_map import Span

ONE_LINE = Span("/w/model.py", 3, 5, 3, 9)
SEVERAL = Span("/w/model.py", 3, 5, 6, 2)
WITHOUT_COLUMNS = Span("/w/model.py", 3)


@pytest.mark.parametrize(
    ("span", "line", "column", "inside"),
    [
        (ONE_LINE, 3, 5, True),
        (ONE_LINE, 3, 8, True),
        (ONE_LINE, 3, 9, False),
        (ONE_LINE, 3, 4, False),
        (SEVERAL, 4, 1, True),
        (SEVERAL, 6, 1, True),
        (SEVERAL, 6, 2, False),
        (WITHOUT_COLUMNS, 3, 99, True),
        (WITHOUT_COLUMNS, 4, 1, False),
    ],
)
def test_a_position_in_a_span(span: Span, line: int, column: int, inside: bool) -> None:
    assert contains(span, line, column) is inside


def test_a_span_in_another_one() -> None:
    assert is_within(ONE_LINE, SEVERAL) and not is_within(SEVERAL, ONE_LINE)
    assert is_within(ONE_LINE, ONE_LINE)
    assert not is_within(WITHOUT_COLUMNS, SEVERAL) and not is_within(ONE_LINE, WITHOUT_COLUMNS)
    assert extent(ONE_LINE) < extent(SEVERAL)
