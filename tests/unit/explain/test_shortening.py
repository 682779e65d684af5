"""Messages end at the end of a sentence or of a word."""

from __future__ import annotations

import pytest

from aotlens.explain.shortening import clipped, first_sentence


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", ""),
        ("ValueError: no", "ValueError: no"),
        ("RuntimeError: shapes differ\nThe first was [2, 3].", "RuntimeError: shapes differ"),
        (
            "RuntimeError: the sizes of the\ntwo tensors differ\n\nMore about it.",
            "RuntimeError: the sizes of the two tensors differ",
        ),
        ("TypeError: f() takes:\n  x\n  y", "TypeError: f() takes: x y"),
        ("It failed. " + "Here is a long explanation of it, " * 9, "It failed."),
        ("word " * 40, " ".join(["word"] * 20) + "…"),
        ("x" * 200, "x" * 99 + "…"),
        ("a" * 100, "a" * 100),
    ],
)
def test_the_first_sentence(message: str, expected: str) -> None:
    assert first_sentence(message, 100) == expected
    assert len(expected) <= 100


def test_an_expression_is_clipped_anywhere() -> None:
    assert clipped("f(\n    x,\n)") == "f( x, )"
    assert clipped("x" * 61) == "x" * 59 + "…"
