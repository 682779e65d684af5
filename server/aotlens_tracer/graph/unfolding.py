"""Unfolding of rows: from the rows that a model has with few equal layers to those that it has with many.

A row is a text, such as the JSON of one input of a graph. Two lists are given, of the same model with few layers and
with some more. The longer one has blocks of rows that the shorter one lacks, a block for each layer more. All rows of a
kind differ in their numbers alone, and these must change evenly: with the number of layers, and from block to block.
What does not fit is refused, never guessed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"\d+")
_TRIES = 2000
"""Sizes of blocks that are tried for one list, before it is refused."""


class NotEven(Exception):
    """The rows do not grow evenly with the number of layers."""


@dataclass(frozen=True)
class Lists:
    """The rows of a model with `few` layers, and of the same model with `more` layers, at least two more."""

    few: int
    few_rows: Sequence[str]
    more: int
    more_rows: Sequence[str]


@dataclass(frozen=True)
class _Row:
    """A row: its text between the numbers, and the numbers."""

    text: tuple[str, ...]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, row: str) -> _Row:
        return cls(tuple(_NUMBER.split(row)), tuple(_NUMBER.findall(row)))


@dataclass(frozen=True)
class _Insertion:
    """Blocks that the longer list has more: `size` rows each, before a row of the shorter and of the longer list."""

    few_at: int
    more_at: int
    size: int


@dataclass(frozen=True)
class _Even:
    """A number of a row: `start + layers * by_layers + block * by_block`; a text if it is the same everywhere."""

    start: int
    by_layers: int
    by_block: int = 0

    def at(self, layers: int, block: int = 0) -> str:
        number = self.start + layers * self.by_layers + block * self.by_block
        if number < 0:
            raise NotEven
        return str(number)


_Numbers = list["str | _Even"]


def unfolded(lists: Lists, layers: int) -> list[str]:
    """Return the rows of the same model with `layers` layers. Raises NotEven if the rows do not grow evenly."""
    step = lists.more - lists.few
    few = [_Row.of(row) for row in lists.few_rows]
    more = [_Row.of(row) for row in lists.more_rows]
    made: list[str] = []
    few_at = more_at = 0
    for insertion in (*_insertions(few, more, step), None):
        end = insertion.few_at if insertion is not None else len(few)
        for one, other in zip(few[few_at:end], more[more_at:], strict=False):
            made.append(_joined(one, _of_layers(one, other, lists), layers))
        more_at += end - few_at
        few_at = end
        if insertion is not None:
            blocks = _of_blocks(few, more, insertion, lists)
            for block in range(layers - lists.few):
                made += [_joined(row, numbers, layers, block) for row, numbers in blocks]
            more_at += insertion.size * step
    return made


def _joined(row: _Row, numbers: _Numbers, layers: int, block: int = 0) -> str:
    parts = [row.text[0]]
    for number, text in zip(numbers, row.text[1:], strict=True):
        parts.append(number if isinstance(number, str) else number.at(layers, block))
        parts.append(text)
    return "".join(parts)


def _insertions(few: Sequence[_Row], more: Sequence[_Row], step: int) -> list[_Insertion]:
    """Return the blocks that `more` has more, in their order. Raises NotEven."""
    kinds: dict[tuple[str, ...], int] = {}
    short = [kinds.setdefault(row.text, len(kinds)) for row in few]
    long = [kinds.setdefault(row.text, len(kinds)) for row in more]
    total, rest = divmod(len(long) - len(short), step)
    if rest or total < 0:
        raise NotEven
    tries = iter(range(_TRIES))
    found = _inserted(short, long, 0, 0, total, step, tries)
    if found is None:
        raise NotEven
    return found


def _inserted(
    short: Sequence[int], long: Sequence[int], few_at: int, more_at: int, total: int, step: int, tries: Iterator[int]
) -> list[_Insertion] | None:
    """Return blocks of `total` rows for each layer, from these positions on; None if there are none that fit.

    A block is put as far behind as possible. So what stands before it is like it, as far as the layers are alike.
    """
    while few_at < len(short) and more_at < len(long) and short[few_at] == long[more_at]:
        few_at, more_at = few_at + 1, more_at + 1
    if total == 0:
        return [] if few_at == len(short) and more_at == len(long) else None
    for size in range(total, 0, -1):
        if next(tries, None) is None:
            return None
        end = more_at + size * step
        if long[more_at : end - size] != long[more_at + size : end]:
            continue
        rest = _inserted(short, long, few_at, end, total - size, step, tries)
        if rest is not None:
            return [_Insertion(few_at, more_at, size), *rest]
    return None


def _of_layers(few: _Row, more: _Row, lists: Lists) -> _Numbers:
    """Return the numbers of a row that both lists have."""
    return [_even(*pair, lists) for pair in zip(few.numbers, more.numbers, strict=True)]


def _even(few: str, more: str, lists: Lists) -> str | _Even:
    if few == more:
        return few
    by_layers, rest = divmod(_value(more) - _value(few), lists.more - lists.few)
    if rest:
        raise NotEven
    return _Even(_value(few) - by_layers * lists.few, by_layers)


def _of_blocks(
    few: Sequence[_Row], more: Sequence[_Row], insertion: _Insertion, lists: Lists
) -> list[tuple[_Row, _Numbers]]:
    """Return the rows of one inserted block with their numbers. The block before it, in both lists, must be like it."""
    size, step = insertion.size, lists.more - lists.few
    if insertion.few_at < size or insertion.more_at < size:
        raise NotEven
    found = []
    for index in range(size):
        row = more[insertion.more_at + index]
        before = few[insertion.few_at - size + index], more[insertion.more_at - size + index]
        if before[0].text != row.text or before[1].text != row.text:
            raise NotEven
        blocks = [more[insertion.more_at + block * size + index].numbers for block in range(step)]
        numbers: _Numbers = []
        for position in range(len(row.numbers)):
            by_layers = _even(before[0].numbers[position], before[1].numbers[position], lists)
            steps = [before[1].numbers[position], *(block[position] for block in blocks)]
            numbers.append(_of_block(by_layers, steps, lists.more))
        found.append((row, numbers))
    return found


def _of_block(by_layers: str | _Even, steps: Sequence[str], layers: int) -> str | _Even:
    """Return a number of a block; `steps` are its values in the block before the first inserted one, and from there."""
    if isinstance(by_layers, str) and len(set(steps)) == 1:
        return steps[0]
    values = [_value(text) for text in steps]
    by_block = values[1] - values[0]
    if any(after - before != by_block for before, after in itertools.pairwise(values)):
        raise NotEven
    slope = by_layers.by_layers if isinstance(by_layers, _Even) else 0
    return _Even(values[1] - slope * layers, slope, by_block)


def _value(text: str) -> int:
    if len(text) > 1 and text[0] == "0":
        raise NotEven  # a part of a decimal fraction, or of a hexadecimal number
    return int(text)
