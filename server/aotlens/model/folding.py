"""Folds rows about repeated layers into one row: `layers.{0..31}.attn.qkv.weight`.

Rows fold if their labels differ only in integers at the same places and their keys are equal. Only whole components
count as integers: `layers.3.fc1` contains the 3, not the 1; `blocks[3]` contains the 3. A set of integers is written in
braces. Two sets in one label always stand for *every* combination: rows that are not a full product are split into
parts that are. Nothing is lost: `unfold` returns the labels of the rows.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")

# A dotted path (`layers.0.fc.weight`, `0.weight`), in which components that are integers may vary, or `[3]`.
_PATH_OR_INDEX = re.compile(r"(?<![\w.])\w+(?:\.\w+)+(?![\w.])|(?<=\[)\d+(?=\])", re.ASCII)
# `0` and `17`, but not `007`, which would be written differently after a conversion to an integer.
_INTEGER = re.compile(r"0|[1-9][0-9]*")
_WORDS = re.compile(r"\w+(?:\.\w+)*")
_SUFFIX = re.compile(r"(?<![0-9])(?:0|[1-9][0-9]*)$")
_BRACES = re.compile(r"\{([0-9.,]+)\}")

_Point = tuple[int, ...]
_Box = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Folded(Generic[Row]):
    """One shown row: its label, and the rows that it stands for in their original order.

    If `varies`, the braces in the label list the differences between the rows; otherwise all rows have this label.
    """

    label: str
    rows: tuple[Row, ...]
    varies: bool = False

    @property
    def first(self) -> Row:
        """The row at whose position this one is shown."""
        return self.rows[0]

    @property
    def count(self) -> int:
        """The number of rows that this one stands for."""
        return len(self.rows)


def fold(
    rows: Iterable[Row], key: Callable[[Row], Hashable], label: Callable[[Row], str], *, suffixes: bool = False
) -> list[Folded[Row]]:
    """The rows with repetitions folded, also if they are not neighbours. A folded row takes the place of its first one.

    `key` is everything else that is shown about a row; it must be equal. Rows with the same label fold as well. With
    `suffixes`, the number at the end of a component counts too: `conv1`, `conv2`.
    """
    rows = list(rows)
    groups: dict[Hashable, list[tuple[_Point, int]]] = {}
    for position, row in enumerate(rows):
        template, point = split(label(row), suffixes)
        groups.setdefault((template, key(row)), []).append((point, position))
    placed: list[tuple[int, Folded[Row]]] = []
    for (template, _), members in groups.items():  # type: ignore[misc]  # mypy loses the type of a tuple key that contains Hashable
        for box, positions in _boxes(members):
            varies = any(len(numbers) > 1 for numbers in box)
            folded = Folded(_join(template, box), tuple(rows[position] for position in positions), varies)
            placed.append((positions[0], folded))
    placed.sort(key=lambda item: item[0])
    return [folded for _, folded in placed]


def unfolded(rows: Iterable[Row], label: Callable[[Row], str]) -> list[Folded[Row]]:
    """Every row on its own, in the form that `fold` returns."""
    return [Folded(label(row), (row,)) for row in rows]


def unfold(folded: Folded[Row]) -> list[str]:
    """The labels of the rows that a folded row stands for, as often as they occur, in no particular order."""
    if not folded.varies:
        return [folded.label] * folded.count
    labels = expand(folded.label)
    return labels * (folded.count // len(labels))


def expand(label: str) -> list[str]:
    """The labels that the braces in a label stand for, each once; itself without braces."""
    parts = _BRACES.split(label)
    choices = [[text] if index % 2 == 0 else _numbers(text) for index, text in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def split(label: str, suffixes: bool = False) -> tuple[tuple[str, ...], _Point]:
    """The texts around the integer components of a label, and these integers."""
    # If a label has braces of its own, the braces of a fold would be ambiguous.
    if "{" in label or "}" in label:
        return (label,), ()
    texts: list[str] = []
    numbers: list[int] = []
    end = 0
    for match in (_WORDS if suffixes else _PATH_OR_INDEX).finditer(label):
        parts = match[0].split(".")
        if len(parts) > 1 and all(part[0].isdigit() for part in parts):
            continue  # a number such as 0.5, not a path
        start = match.start()
        for part in parts:
            digits = _SUFFIX.search(part) if suffixes else _INTEGER.fullmatch(part)
            if digits is not None:
                texts.append(label[end : start + digits.start()])
                numbers.append(int(digits[0]))
                end = start + len(part)
            start += len(part) + 1
    texts.append(label[end:])
    return tuple(texts), tuple(numbers)


def ranges(numbers: Iterable[int]) -> str:
    """A set of integers as ranges: `0..3,5`."""
    ordered = sorted(set(numbers))
    parts: list[str] = []
    for _, run in itertools.groupby(enumerate(ordered), key=lambda item: item[1] - item[0]):
        members = [number for _, number in run]
        # Two neighbours are as short with a comma.
        parts.append(f"{members[0]}..{members[-1]}" if len(members) > 2 else ",".join(map(str, members)))
    return ",".join(parts)


def _boxes(members: list[tuple[_Point, int]]) -> list[tuple[_Box, list[int]]]:
    """The members of one group as full products of integers, each with the positions of its rows."""
    at: dict[_Point, list[int]] = {}
    for point, position in members:
        at.setdefault(point, []).append(position)
    # Every label of a box must occur equally often, or unfolding would not return the same labels.
    times = Counter({point: len(positions) for point, positions in at.items()})
    result: list[tuple[_Box, list[int]]] = []
    for multiplicity in sorted(set(times.values())):
        points = {point for point, count in times.items() if count == multiplicity}
        for box in _products(points):
            result.append((box, sorted(position for point in itertools.product(*box) for position in at[point])))
    return result


def _products(points: set[_Point]) -> list[_Box]:
    """The points as few full products. They are not always the fewest: that problem is hard, and layers are regular."""
    axes = [tuple(sorted(set(axis))) for axis in zip(*points, strict=True)]
    size = 1
    for axis in axes:
        size *= len(axis)
    if size == len(points):
        return [tuple(axes)]
    best: list[_Box] | None = None
    varying = [index for index, axis in enumerate(axes) if len(axis) > 1]
    # All orders of up to three axes are tried. More axes, which no model has, would have too many orders.
    for index in varying if len(varying) <= 3 else varying[:1]:
        by_rest: dict[_Point, set[int]] = {}
        for point in points:
            by_rest.setdefault(point[:index] + point[index + 1 :], set()).add(point[index])
        by_values: dict[tuple[int, ...], set[_Point]] = {}
        for rest, values in by_rest.items():
            by_values.setdefault(tuple(sorted(values)), set()).add(rest)
        boxes = [
            (*box[:index], values, *box[index:]) for values, rests in by_values.items() for box in _products(rests)
        ]
        if best is None or len(boxes) < len(best):
            best = boxes
    assert best is not None  # points that are not a product vary along at least two axes
    return best


def _join(template: tuple[str, ...], box: _Box) -> str:
    text = template[0]
    for values, after in zip(box, template[1:], strict=True):
        text += (str(values[0]) if len(values) == 1 else f"{{{ranges(values)}}}") + after
    return text


def _numbers(text: str) -> list[str]:
    result: list[str] = []
    for part in text.split(","):
        first, _, last = part.partition("..")
        result.extend(str(number) for number in range(int(first), int(last or first) + 1))
    return result
