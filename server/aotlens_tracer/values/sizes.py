"""The dimensions of all tensors of one call: which of them are the same, and which are made of others.

A dimension is a number (its index). Two dimensions are joined only where an operation needs them to be the same; equal
sizes alone say nothing. Those of size 1 are never joined: broadcasting lets them meet any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Size = int | None
"""A size; None if it depends on data."""


@dataclass(frozen=True)
class Formula:
    """A size that follows from those of other dimensions: their sum or product, or a part of the first.

    A `/` is the first of `parts` plus `offset`, divided by the others and by `number`. A `linear` one is that part
    times `number`, plus `offset`.
    """

    operation: Literal["+", "*", "/", "linear"]
    parts: tuple[int, ...]
    number: int = 1
    offset: int = 0


class Sizes:
    """Dimensions by their indices, with their sizes.

    `joins` counts how often two became one. `are_pieces_counted` says that code asks for a number of pieces, as `chunk`
    does, and not for pieces of a size.
    """

    def __init__(self) -> None:
        self.sizes: list[Size] = []
        self.formulas: dict[int, Formula] = {}
        self.joins = 0
        self.are_pieces_counted = False
        self._parents: list[int] = []
        self._units: set[int] = set()
        self._products: dict[tuple[int, ...], int] = {}
        self._products_with: dict[int, set[tuple[int, ...]]] = {}

    def new(self, size: Size, is_unit: bool = False) -> int:
        """Return a new dimension. `is_unit` says that it has been made to be broadcast, as `unsqueeze` does."""
        index = len(self.sizes)
        self.sizes.append(size)
        self._parents.append(index)
        if is_unit and size == 1:
            self._units.add(index)
        return index

    def root(self, dimension: int) -> int:
        """Return the dimension that stands for all that are the same as this one: the oldest."""
        parents = self._parents
        while parents[dimension] != dimension:
            parents[dimension] = parents[parents[dimension]]
            dimension = parents[dimension]
        return dimension

    def is_unit(self, dimension: int) -> bool:
        """Whether a dimension of size 1 has been made to be broadcast."""
        return dimension in self._units

    def join(self, one: int, other: int) -> None:
        """Note that two dimensions are the same. What follows of products is joined too."""
        pending = [(one, other)]
        while pending:
            first, second = map(self.root, pending.pop())
            size = self.sizes[first]
            if first == second or size is None or size < 2 or size != self.sizes[second]:
                continue
            old, new = min(first, second), max(first, second)
            self._parents[new] = old
            self.joins += 1
            pending += self._factors_that_must_agree(old, new)
            pending += self._replace_factor(new, old)

    def meet(self, one: int, other: int) -> int:
        """Return the dimension of the result of an elementwise operation on two dimensions."""
        first, second = self.sizes[one], self.sizes[other]
        if first is None or second is None:
            return one if one == other else self.new(None)
        if first == second == 1:
            if one == other or other in self._units:
                return one
            return other if one in self._units else self.new(1)
        if first == 1:
            return other
        if second != 1:
            self.join(one, other)
        return one

    def product(self, factors: Sequence[int]) -> int:
        """Return the dimension that merges others, in this order."""
        if len(factors) == 1:
            return factors[0]
        key = tuple(map(self.root, factors))
        known = self._products.get(key)
        if known is not None:
            return known
        sizes = [self.sizes[factor] for factor in factors]
        whole = self.new(None if None in sizes else math.prod(size or 0 for size in sizes))
        self.formulas[whole] = Formula("*", tuple(factors))
        self._note_product(key, whole)
        return whole

    def split(self, whole: int, sizes: Sequence[int]) -> list[int]:
        """Return new dimensions, whose product a dimension is."""
        parts = [self.new(size) for size in sizes]
        for index, part in enumerate(parts):
            self.formulas[part] = Formula("/", (whole, *parts[:index], *parts[index + 1 :]))
        self._note_product(tuple(parts), whole)
        return parts

    def piece(self, whole: int, size: int) -> int:
        """Return a new dimension: one of several equal pieces of another, or a dimension of its own."""
        part = self.new(size)
        total = self.sizes[whole]
        if total is not None and size and total % size == 0:
            self.formulas[part] = Formula("/", (whole,), total // size)
        return part

    def window(self, place: int, size: Size, step: int, offset: int, upwards: bool = False) -> int:
        """Return a new dimension: the places of a window that moves over those of another by `step`.

        There are `(place + offset) // step`, or `place * step + offset` if it goes `upwards`.
        """
        made = self.new(size)
        old = self.sizes[place]
        if old is not None and size == (old * step + offset if upwards else (old + offset) // step):
            operation: Literal["/", "linear"] = "linear" if upwards or step == 1 else "/"
            self.formulas[made] = Formula(operation, (place,), step, offset)
        return made

    def sum(self, parts: Sequence[int]) -> int:
        """Return the dimension that puts others one after another."""
        if len(parts) == 1:
            return parts[0]
        sizes = [self.sizes[part] for part in parts]
        whole = self.new(None if None in sizes else sum(size or 0 for size in sizes))
        self.formulas[whole] = Formula("+", tuple(parts))
        return whole

    def view(self, dimensions: Sequence[int], shape: Sequence[int]) -> list[int]:
        """Return the dimensions of a tensor that is viewed in another shape.

        Each run of dimensions is set against the shortest run of new ones with the same number of elements. Dimensions
        that were merged before come back where the new shape has their sizes.
        """
        found = [self.new(size) for size in shape]
        factors = [factor for dimension in dimensions for factor in self._factors(dimension)]
        factors = self._with_ones(factors, shape)
        if any(not self.sizes[factor] for factor in factors):
            return found
        places = [place for place, size in enumerate(shape) if size != 1]
        while factors and places:
            taken, filled = [factors.pop(0)], [places.pop(0)]
            before, after = self.sizes[taken[0]] or 0, shape[filled[0]]
            while before != after:
                if not (factors if before < after else places):
                    return found
                if before < after:
                    taken.append(factors.pop(0))
                    before *= self.sizes[taken[-1]] or 0
                else:
                    filled.append(places.pop(0))
                    after *= shape[filled[-1]]
            whole = self.product(taken)
            parts = [whole] if len(filled) == 1 else self.split(whole, [shape[place] for place in filled])
            for place, part in zip(filled, parts):
                found[place] = part
        return found

    def _with_ones(self, factors: Sequence[int], shape: Sequence[int]) -> list[int]:
        """Return factors without those of size 1. If the first ones go away in a new shape, the next factor has them.

        `x.reshape(B * T, C)` has a product there, also if the batch is one.
        """
        sizes = [self.sizes[factor] for factor in factors]
        start = 0
        while start < min(len(sizes), len(shape)) and sizes[start] == shape[start] == 1:
            start += 1
        end = 0
        while end < min(len(sizes), len(shape)) - start and sizes[-1 - end] == shape[-1 - end] == 1:
            end += 1
        inner = factors[start : len(factors) - end]
        ones = [factor for factor in inner if self.sizes[factor] == 1 and factor not in self._units]
        are_merged = len(ones) > sum(size == 1 for size in shape[start : len(shape) - end])
        found: list[int] = []
        waiting: list[int] = []
        for factor in factors:
            if self.sizes[factor] != 1:
                found.append(self.product([*waiting, factor]))
                waiting = []
            elif are_merged and factor in ones and not found:
                waiting.append(factor)
        return found

    def _factors(self, dimension: int) -> list[int]:
        formula = self.formulas.get(dimension)
        if formula is None or formula.operation != "*":
            return [dimension]
        return [factor for part in formula.parts for factor in self._factors(part)]

    def _note_product(self, key: tuple[int, ...], whole: int) -> None:
        self._products[key] = whole
        for factor in key:
            self._products_with.setdefault(factor, set()).add(key)

    def _replace_factor(self, new: int, old: int) -> list[tuple[int, int]]:
        """Note the products of one dimension as those of another; return those that are the same now."""
        same = []
        for key in self._products_with.pop(new, ()):
            whole = self._products.pop(key, None)
            if whole is None:
                continue
            replaced = tuple(map(self.root, key))
            known = self._products.get(replaced)
            if known is not None:
                same.append((known, whole))
            else:
                self._note_product(replaced, whole)
        return same

    def _factors_that_must_agree(self, one: int, other: int) -> list[tuple[int, int]]:
        """Return the factors of two equal products that differ, if all others are the same."""
        first, second = self.formulas.get(one), self.formulas.get(other)
        if first is None or second is None or first.operation != "*" or second.operation != "*":
            return []
        if len(first.parts) != len(second.parts):
            return []
        pairs = [pair for pair in zip(first.parts, second.parts) if self.root(pair[0]) != self.root(pair[1])]
        differing = [pair for pair in pairs if not self.sizes[pair[0]] == self.sizes[pair[1]] == 1]
        return differing if len(differing) == 1 else []
