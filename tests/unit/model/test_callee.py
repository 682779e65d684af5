"""The computation of an expression, without the names of its operands."""

from __future__ import annotations

import pytest

from aotlens.model.callee import callee_of


@pytest.mark.parametrize(
    ("label", "callee"),
    [
        ("F.softmax(scores, dim=-1)", "softmax(...)"),
        ("scores.softmax(-1)", "softmax(...)"),
        ("self.qkv(x).view(a, b).permute(2, 0)", "permute(...)"),
        ("relu(x)", "relu(...)"),
        ("x + y", "... + ..."),
        ("q @ k.transpose(-2, -1)", "... @ ..."),
        ("x", ""),
        ("x[0]", ""),
        ("fs[0](x)", ""),
        ("for x in", ""),
        ("(" * 500, ""),
        ("\0", ""),
        ("a" + " + a" * 200, "... + ..."),
        ("a" + "+a" * 20_000, ""),
    ],
)
def test_the_callee(label: str, callee: str) -> None:
    assert callee_of(label) == callee
