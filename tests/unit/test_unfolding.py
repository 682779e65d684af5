"""Rows of many equal layers, from the rows of few."""

from __future__ import annotations

import pytest

from aotlens_tracer.graph.unfolding import Lists, NotEven, unfolded


def rows(layers: int) -> list[str]:
    """Forward, then backward from the last layer; numbers go on."""
    forward = [f"{kind} layers.{n} value {10 + 2 * n + k}" for n in range(layers) for k, kind in enumerate(("a", "b"))]
    backward = [f"back layers.{n} value {10 + 2 * layers + layers - n}" for n in reversed(range(layers))]
    return ["first 0", *forward, f"loss {layers}", *backward, f"last {3 * layers + 7} 0.05"]


def test_rows_grow_by_a_block_for_each_layer() -> None:
    for few, more, layers in ((3, 5, 12), (2, 4, 80), (3, 4, 5)):
        assert unfolded(Lists(few, rows(few), more, rows(more)), layers) == rows(layers)


def test_rows_that_do_not_depend_on_the_layers_stay() -> None:
    same = ["float32 [2, 16]", "1e-05"]
    assert unfolded(Lists(3, same, 5, same), 80) == same


@pytest.mark.parametrize(
    "more",
    [
        [*rows(5)[:-1], "last 23 0.05"],  # a number that grows unevenly
        [*rows(5)[:-1], "last 22 0.06"],  # a decimal fraction
        [*rows(5), "one more"],
        [row.replace("a layers.3", "c layers.3") for row in rows(5)],
        [row.replace("layers.3 value 16", "layers.3 value 17") for row in rows(5)],
    ],
)
def test_what_is_not_even_is_refused(more: list[str]) -> None:
    with pytest.raises(NotEven):
        unfolded(Lists(3, rows(3), 5, more), 12)


def test_a_number_never_falls_below_zero() -> None:
    with pytest.raises(NotEven):
        unfolded(Lists(3, ["left 3"], 5, ["left 1"]), 12)
