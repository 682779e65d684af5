"""Recorded values with other tensors in their places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..wire.values import ContainerValue, FileValues, Item, Recorded, Seen, TensorValue, Value, Values
from .naming.names import Scope


class Rewriting:
    """Recorded values, each tensor of which is replaced. `tensor` gets it with the scope of the function around.

    Values that become the same are one.
    """

    def __init__(self, values: Values, tensor: Callable[[TensorValue, Scope], TensorValue]) -> None:
        self.values: dict[Value, int] = {}
        self._old = values.values
        self._tensor = tensor
        self._changed: dict[tuple[int, Scope], int] = {}

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
        found: dict[int, Seen] = {}
        for each in seen:
            value = self._value(each.value, scope)
            known = found.get(value)
            if known is None:
                found[value] = replace(each, value=value)
            else:
                calls = tuple(dict.fromkeys((*known.calls, *each.calls)))
                found[value] = replace(known, calls=calls, times=known.times + each.times)
        return tuple(found.values())

    def _value(self, index: int, scope: Scope) -> int:
        key = index, scope
        if key not in self._changed:
            value = self._old[index]
            if isinstance(value, TensorValue):
                value = self._tensor(value, scope)
            elif isinstance(value, ContainerValue):
                items = tuple(Item(item.key, self._value(item.value, scope)) for item in value.items)
                value = replace(value, items=items)
            self._changed[key] = self.values.setdefault(value, len(self.values))
        return self._changed[key]


def without_dimensions(values: Values) -> Values:
    """Return recorded values with no more than shapes, in an order that depends on places alone."""
    rewriting = Rewriting(values, lambda value, scope: replace(value, dims=()))
    files = tuple(rewriting.file(file, ()) for file in values.files)
    return replace(values, files=files, values=tuple(rewriting.values), dimensions=())
