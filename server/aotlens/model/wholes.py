"""Inputs and outputs as the values that the user has: a tensor subclass with all its pieces is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from aotlens_tracer.wire.descriptor_map import Subclass

from .slots import Entry, Result
from .subclasses import piece_at

Item = TypeVar("Item", Entry, Result)


@dataclass(frozen=True, eq=False)
class Whole(Generic[Item]):
    """One value: an input or output, or a tensor subclass with all the slots that its pieces are.

    `subclass` is None for a plain slot, and for a piece that stands without the others.
    """

    items: tuple[Item, ...]
    subclass: Subclass | None = None

    @property
    def label(self) -> str:
        """The user's name for it."""
        return self.subclass.label if self.subclass is not None else self.items[0].slot.label

    @property
    def first(self) -> Item:
        """Its first tensor; the first item if it has none."""
        return next((item for item in self.items if item.slot.dtype is not None), self.items[0])

    @property
    def tensors(self) -> tuple[Item, ...]:
        """Its items without meshes, other objects and sizes; all of them if there is no tensor."""
        return tuple(item for item in self.items if item.slot.dtype is not None) or self.items


def wholes(items: Iterable[Item]) -> list[Whole[Item]]:
    """The values of some inputs or outputs, in the order of their first ones.

    Pieces are one value if all of their subclass are among the items; else each stands alone.
    """
    groups: dict[int, list[Item]] = {}
    for item in items:
        found = piece_at(item.slot, item.graph)
        groups.setdefault(id(found.whole if found is not None else item.slot), []).append(item)
    values: list[Whole[Item]] = []
    for group in groups.values():
        found = piece_at(group[0].slot, group[0].graph)
        if found is None:
            values.append(Whole((group[0],)))
            continue
        slots = found.whole.inputs if isinstance(group[0], Entry) else found.whole.outputs
        if {item.slot.index for item in group}.issuperset(slots):
            values.append(Whole(tuple(group), found.whole))
        else:
            values += [Whole((item,)) for item in group]
    return values


def inputs_of(values: Iterable[Whole[Entry]]) -> list[Entry]:
    """The inputs of some values that are tensors; all inputs of a value without any."""
    return [entry for value in values for entry in value.tensors]
