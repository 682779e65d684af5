"""The names of dimensions: those that the code gives them, and those that follow from the names of others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..sizes import Formula, Sizes
from .given import CONSTRUCTOR, LETTERS, MOST_TEXT

MOST_NAMES = 4
"""The number of names that one dimension has."""
_TIMES_NUMBER = re.compile(r"(\d+) \* (\w+)|(\w+) \* (\d+)")


@dataclass(frozen=True)
class Scope:
    """Lines of a file, from which a dimension is looked at: those of a function, and of the class around it."""

    path: str
    function: tuple[int, int]
    owner: tuple[int, int] | None = None

    def distance(self, path: str, line: int) -> int:
        """Return how far from here a line is: 0 in the function, 1 in the class, 2 in the file, 3 anywhere else."""
        if path != self.path:
            return 3
        for distance, lines in enumerate((self.function, self.owner)):
            if lines is not None and lines[0] <= line <= lines[1]:
                return distance
        return 2


@dataclass(frozen=True)
class _Name:
    text: str
    path: str
    line: int
    rank: int


class Names:
    """Names by dimension. Names that are given to one are those of all that are the same."""

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._given: dict[int, dict[_Name, None]] = {}
        self._sizes_of_text: dict[tuple[str, str], dict[tuple[int, int, int | None], None]] = {}

    def give(self, dimension: int, text: str, path: str, line: int, rank: int) -> None:
        """Note a name that the code gives to a dimension at a line."""
        self._given.setdefault(self._key(dimension), {})[_Name(text, path, line, rank)] = None
        size = self._sizes.sizes[dimension]
        self._sizes_of_text.setdefault((path, text), {})[rank, line, size] = None

    def of(self, dimension: int, scope: Scope) -> tuple[str, ...]:
        """Return the names of a dimension, as they fit best in a scope."""
        size = self._sizes.sizes[dimension]
        given = self._given.get(self._key(dimension), {})
        ranked = sorted(
            (name for name in given if not self._stands_for_another(name, size, scope)),
            key=lambda name: _order(name, scope),
        )
        texts = dict.fromkeys(name.text for name in ranked if name.rank != LETTERS)
        derived = self._derived(dimension, scope) if not texts else None
        letters = dict.fromkeys(name.text for name in ranked if not texts)
        return (derived,) if derived is not None else tuple(texts or letters)[:MOST_NAMES]

    def _stands_for_another(self, name: _Name, size: int | None, scope: Scope) -> bool:
        """Whether a better kind of name in the same function has the same text and another size.

        After `b, n, _ = x.shape` and `torch.cat((cls, x), 1)`, a pattern may say `n` of what is `n + 1` now.
        """
        distance = scope.distance(name.path, name.line)
        return distance == 0 and any(
            rank < name.rank and other != size and scope.distance(name.path, line) == 0
            for rank, line, other in self._sizes_of_text[name.path, name.text]
        )

    def _key(self, dimension: int) -> int:
        return dimension if self._sizes.sizes[dimension] == 1 else self._sizes.root(dimension)

    def _name(self, dimension: int, scope: Scope) -> str | None:
        """Return the best name of a dimension; the number of one that was made to be broadcast."""
        if self._sizes.is_unit(dimension):
            return "1"
        return next(iter(self.of(dimension, scope)), None)

    def _derived(self, dimension: int, scope: Scope) -> str | None:
        for each in (dimension, self._sizes.root(dimension)):
            formula = self._sizes.formulas.get(each)
            if formula is not None:
                text = self._text(formula, scope)
                return text if text is not None and len(text) <= MOST_TEXT else None
        return None

    def _text(self, formula: Formula, scope: Scope) -> str | None:
        if formula.operation == "/":
            return self._divided(formula, scope)
        if formula.operation == "linear":
            name = self._name(formula.parts[0], scope)
            return _shifted(_times(formula.number, name), formula.offset) if name is not None else None
        names: list[str] = []
        for part in formula.parts:
            name = self._name(part, scope)
            if name is None:
                return None
            names.append(name)
        return _product(names) if formula.operation == "*" else _sum(names)

    def _divided(self, formula: Formula, scope: Scope) -> str | None:
        """Return the text of a part of a dimension; a split is named by its other parts, as far as those have names."""
        whole, *others = formula.parts
        given = [next(iter(self._given.get(self._key(other), ())), None) for other in others]
        if None in given:  # another part has no name of its own, and would be named by this one
            return None
        name = self._name(whole, scope)
        if name is None:
            return None
        name = _shifted(name, formula.offset)
        for other in others:
            name = f"{_part(name)} // {self._name(other, scope)}"
        return divided(name, formula.number) if formula.number != 1 else name


def _order(name: _Name, scope: Scope) -> tuple[int, int]:
    """Return the key to sort names by. Far away, a constructor's `n_embd` says more than another function's `C`."""
    distance = scope.distance(name.path, name.line)
    return distance, -1 if distance > 1 and name.rank == CONSTRUCTOR else name.rank


def divided(name: str, number: int) -> str:
    """Return a name divided by a number: a third of `3 * n_embd` is `n_embd`."""
    match = _TIMES_NUMBER.fullmatch(name)
    if match is not None:
        factor, rest = int(match[1] or match[4]), match[2] or match[3]
        if factor == number:
            return rest
        if factor % number == 0:
            return f"{factor // number} * {rest}"
    return f"{_part(name)} // {number}"


def _shifted(name: str, offset: int) -> str:
    return f"{name} {'+' if offset > 0 else '-'} {abs(offset)}" if offset else name


def _times(number: int, name: str) -> str:
    return f"{number} * {_part(name)}" if number != 1 else name


def _part(name: str) -> str:
    """Return a name as a part of a longer one."""
    return name if name.isidentifier() or name.isdigit() else f"({name})"


def _product(names: Sequence[str]) -> str | None:
    return " * ".join(_part(name) for name in names if name != "1") or None


def _sum(names: Sequence[str]) -> str | None:
    """Return a sum: equal names are counted, numbers come last."""
    number = sum(int(name) for name in names if name.isdigit())
    counts: dict[str, int] = {}
    for name in names:
        if not name.isdigit():
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        return None
    terms = [_times(count, name) for name, count in counts.items()]
    return " + ".join([*terms, str(number)] if number else terms)
