"""Recorded values with other tensors in their places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..wire.values import ContainerValue, FileValues, Item, Recorded, Seen, TensorValue, Value, Values
from .naming.names import Scope


class Rewriting:
    """Recorded values, each tensor of which is replaced. `tensor` gets it with the scope of the function around.

    Values that become the same are one. `merged` makes one tensor of two that an expression had; None if they differ.
    """

    def __init__(
        self,
        values: Values,
        tensor: Callable[[TensorValue, Scope], TensorValue],
        merged: Callable[[TensorValue, TensorValue], TensorValue | None] = lambda one, other: None,
    ) -> None:
        self.values: dict[Value, int] = {}
        self._old = values.values
        self._tensor = tensor
        self._merged_tensor = merged
        self._list: list[Value] = []
        self._changed: dict[tuple[int, Scope], int] = {}
        self._merged: dict[tuple[int, int], int | None] = {}

    def file(self, file: FileValues, owners: Sequence[tuple[int, int]]) -> FileValues:
        """Return the values of a file. `owners` are the first and last lines of its classes, inner ones first."""
        functions = sorted((run.end_line - run.line, run.line, run.end_line) for run in file.functions)
        found: list[Recorded] = []
        for recorded in file.recorded:
            lines = next((span[1:] for span in functions if span[1] <= recorded.line <= span[2]), (0, 0))
            owner = next((span for span in owners if span[0] <= lines[0] and lines[1] <= span[1]), None)
            scope = Scope(file.path, (lines[0], lines[1]), owner)
            found.append(replace(recorded, seen=self._seen(recorded.seen, scope)))
        return replace(file, recorded=tuple(found))

    def _seen(self, seen: tuple[Seen, ...], scope: Scope) -> tuple[Seen, ...]:
        found: list[Seen] = []
        for each in seen:
            value = self._value(each.value, scope)
            for place, known in enumerate(found):
                both = self._merge(known.value, value)
                if both is not None:
                    calls = tuple(dict.fromkeys((*known.calls, *each.calls)))
                    found[place] = replace(known, value=both, calls=calls, times=known.times + each.times)
                    break
            else:
                found.append(replace(each, value=value))
        return tuple(found)

    def _merge(self, one: int, other: int) -> int | None:
        """Return the value that stands for two; None if they are too different."""
        if one == other:
            return one
        key = one, other
        if key not in self._merged:
            self._merged[key] = self._both(self._list[one], self._list[other])
        return self._merged[key]

    def _both(self, one: Value, other: Value) -> int | None:
        if isinstance(one, TensorValue) and isinstance(other, TensorValue):
            made = self._merged_tensor(one, other)
            return self._index(made) if made is not None else None
        if not isinstance(one, ContainerValue) or not isinstance(other, ContainerValue):
            return None
        if (one.type, one.length, len(one.items)) != (other.type, other.length, len(other.items)):
            return None
        items = []
        for item, same in zip(one.items, other.items):
            both = self._merge(item.value, same.value) if item.key == same.key else None
            if both is None:
                return None
            items.append(Item(item.key, both))
        return self._index(replace(one, items=tuple(items)))

    def _index(self, value: Value) -> int:
        if value not in self.values:
            self.values[value] = len(self._list)
            self._list.append(value)
        return self.values[value]

    def _value(self, index: int, scope: Scope) -> int:
        key = index, scope
        if key not in self._changed:
            value = self._old[index]
            if isinstance(value, TensorValue):
                value = self._tensor(value, scope)
            elif isinstance(value, ContainerValue):
                items = tuple(Item(item.key, self._value(item.value, scope)) for item in value.items)
                value = replace(value, items=items)
            self._changed[key] = self._index(value)
        return self._changed[key]


def without_dimensions(values: Values) -> Values:
    """Return recorded values with no more than shapes, in an order that depends on places alone."""
    rewriting = Rewriting(values, lambda value, scope: replace(value, dims=()))
    files = tuple(rewriting.file(file, ()) for file in values.files)
    return replace(values, files=files, values=tuple(rewriting.values), dimensions=())
