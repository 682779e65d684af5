"""Recorded values, indexed: each value as a tree that can be compared, and the expressions of a file by their place.

Every `Values` has one index, see `recorded_in`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from aotlens_tracer.wire.subclasses import Sharding
from aotlens_tracer.wire.values import (
    ContainerValue,
    FileValues,
    FunctionRun,
    PlainValue,
    Recorded,
    SizeOrigin,
    TensorValue,
    Values,
)

from .by_identity import Indices, Once

_DEEPEST = 20
"""The most containers within each other: a container that holds itself has no end."""


@dataclass(frozen=True)
class Size:
    """One size of a tensor: its number, its expression if it is symbolic, None if it depends on data.

    `name` is the most fitting name that the code gives to the dimension, None if there is none. `others` are its other
    names, and `origins` tell where the size comes from, the nearest first; two sizes are equal without them.
    """

    size: int | str | None
    name: str | None = None
    others: tuple[str, ...] = field(default=(), compare=False)
    origins: tuple[SizeOrigin, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Tensor:
    """A tensor. The fields are as in `TensorValue`."""

    dtype: str
    sizes: tuple[Size, ...]
    device: str
    requires_grad: bool
    type: str | None = None
    sharding: Sharding | None = None

    @property
    def shape(self) -> tuple[int | str | None, ...]:
        """The sizes without their names."""
        return tuple(size.size for size in self.sizes)


@dataclass(frozen=True)
class Container:
    """A list, tuple, mapping, dataclass or the like: the first of its items, each with its key as code writes it."""

    type: str
    items: tuple[tuple[str, Known], ...]
    length: int


@dataclass(frozen=True)
class Plain:
    """A value without tensors: the name of its type, and its text."""

    type: str
    text: str


Known = Tensor | Container | Plain


class ValuesIndex(Once):
    """The recorded values of one call, indexed."""

    def __init__(self, values: Values) -> None:
        super().__init__()
        self.calls = values.calls
        self.failed = values.failed
        self.weights = values.weights
        self.folded = values.folded
        self._values = values.values
        self._dimensions = values.dimensions
        self._trees: dict[int, Known] = {}
        self._files = {file.path: file for file in values.files}
        self._places: dict[str, Places] = {}

    def places(self, path: str) -> Places | None:
        """The recorded expressions of a file; None if none of its functions ran."""
        if path not in self._places:
            file = self._files.get(path)
            if file is None:
                return None
            self._places[path] = Places(file)
        return self._places[path]

    def value(self, number: int) -> Known:
        """The value with an index, as a tree."""
        if number not in self._trees:
            self._trees[number] = self._tree(number, _DEEPEST)
        return self._trees[number]

    @cached_property
    def has_gradients(self) -> bool:
        """Whether any tensor requires a gradient: not if the call ran without them."""
        return any(isinstance(value, TensorValue) and value.requires_grad for value in self._values)

    def _tree(self, number: int, deepest: int) -> Known:
        value = self._values[number]
        if isinstance(value, PlainValue):
            return Plain(value.type, value.text)
        if isinstance(value, TensorValue):
            return Tensor(
                value.dtype, self._sizes(value), value.device, value.requires_grad, value.type, value.sharding
            )
        return self._container(value, deepest)

    def _container(self, value: ContainerValue, deepest: int) -> Container:
        items = value.items if deepest else ()
        return Container(
            value.type, tuple((item.key, self._tree(item.value, deepest - 1)) for item in items), value.length
        )

    def _sizes(self, value: TensorValue) -> tuple[Size, ...]:
        sizes = []
        for axis, size in enumerate(value.shape):
            number = value.dims[axis] if axis < len(value.dims) else None
            if number is None:
                sizes.append(Size(size))
                continue
            dimension = self._dimensions[number]
            name = dimension.names[0] if dimension.names else None
            sizes.append(Size(size, name, dimension.names[1:], dimension.origins))
        return tuple(sizes)


class Places:
    """The recorded expressions and functions of one file by their place. Lines and columns are as in `Recorded`."""

    def __init__(self, file: FileValues) -> None:
        self.skipped = file.skipped
        self.functions = file.functions
        self._recorded = sorted(file.recorded, key=lambda each: (each.line, each.column))
        self._lines = [each.line for each in self._recorded]
        self._starts: dict[tuple[int, int], list[Recorded]] = {}
        for each in self._recorded:
            self._starts.setdefault((each.line, each.column), []).append(each)

    def starting(self, line: int, column: int) -> list[Recorded]:
        """The expressions that begin at a position."""
        return self._starts.get((line, column), [])

    def on_lines(self, first: int, last: int) -> Iterator[Recorded]:
        """The expressions that begin on the lines `first` to `last`, in their order."""
        yield from self._recorded[bisect_left(self._lines, first) : bisect_right(self._lines, last)]

    def function(self, line: int) -> FunctionRun | None:
        """The innermost function that ran whose lines hold a line; None if there is none."""
        around = [each for each in self.functions if each.line <= line <= each.end_line]
        return max(around, key=lambda each: each.line, default=None)


_INDICES: Indices[Values, ValuesIndex] = Indices(ValuesIndex)


def recorded_in(values: Values) -> ValuesIndex:
    """The index of recorded values; the same one for as long as they live."""
    return _INDICES.of(values)
