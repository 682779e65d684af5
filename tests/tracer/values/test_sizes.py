"""Dimensions that are joined, merged and split."""

from __future__ import annotations

import pytest

from aotlens_tracer.values.sizes import Sizes


@pytest.fixture
def sizes() -> Sizes:
    return Sizes()


def test_what_a_view_keeps_merges_and_splits(sizes: Sizes) -> None:
    batch, steps, width = sizes.new(2), sizes.new(16), sizes.new(64)
    flat, same = sizes.view([batch, steps, width], [32, 64])
    assert same == width
    assert sizes.formulas[flat].parts == (batch, steps)
    assert sizes.view([flat, width], [2, 16, 64]) == [batch, steps, width]
    heads = sizes.view([batch, steps, width], [2, 16, 4, 16])
    assert heads[:2] == [batch, steps]
    assert sizes.root(heads[3]) != sizes.root(steps)
    assert sizes.view(heads, [2, 16, 64]) == [batch, steps, width]


def test_two_splits_of_the_same_sizes_are_not_the_same(sizes: Sizes) -> None:
    width = sizes.new(64)
    first, second = sizes.view([width], [4, 16]), sizes.view([width], [4, 16])
    assert sizes.root(first[0]) != sizes.root(second[0])
    sizes.join(first[0], second[0])
    sizes.join(first[1], second[1])
    assert sizes.product(first) == sizes.product(second) == width


def test_products_that_are_the_same_have_the_same_last_factor(sizes: Sizes) -> None:
    batch, one, other = sizes.new(2), sizes.new(4), sizes.new(4)
    sizes.join(sizes.product([batch, one]), sizes.product([batch, other]))
    assert sizes.root(one) == sizes.root(other)


def test_dimensions_of_size_one_are_never_joined(sizes: Sizes) -> None:
    batch, bias = sizes.new(1), sizes.new(1, is_unit=True)
    sizes.join(batch, bias)
    assert sizes.root(batch) != sizes.root(bias)
    assert sizes.meet(batch, bias) == sizes.meet(bias, batch) == batch
    assert sizes.meet(batch, sizes.new(1)) not in (batch, bias)
    wide = sizes.new(8)
    assert sizes.meet(batch, wide) == sizes.meet(wide, batch) == wide


def test_unequal_sizes_are_never_joined(sizes: Sizes) -> None:
    one, other, unknown = sizes.new(3), sizes.new(4), sizes.new(None)
    sizes.join(one, other)
    sizes.join(one, unknown)
    assert len({sizes.root(one), sizes.root(other), sizes.root(unknown)}) == 3
    assert sizes.meet(one, unknown) not in (one, unknown)
