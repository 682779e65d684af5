"""Things that are made of an immutable value once, for as long as that value lives."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")
Index = TypeVar("Index")
Item = TypeVar("Item")


class Once:
    """A base of indices: keeps what was made under a key."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Item]) -> Item:
        """The result of `make`, which is called once for each key. It must depend on the indexed value alone."""
        if key not in self._kept:
            self._kept[key] = make()
        kept: Item = self._kept[key]
        return kept


def build_cached(part: object) -> None:
    """Build all cached properties of an object."""
    for name, attribute in vars(type(part)).items():
        if isinstance(attribute, cached_property):
            getattr(part, name)


class Indices(Generic[Value, Index]):
    """The index of each value, made by `make`. An index must not keep its value: it is dropped with the value.

    The key is the identity: the values have no hash (they hold dicts), and comparing two of them is slow.
    """

    def __init__(self, make: Callable[[Value], Index]) -> None:
        self._make = make
        self._known: dict[int, tuple[weakref.ref[Value], Index]] = {}

    def of(self, value: Value) -> Index:
        """The index of a value; the same one for as long as the value lives."""
        known = self._known.get(id(value))
        if known is not None and known[0]() is value:
            return known[1]
        index = self._make(value)
        key = id(value)
        self._known[key] = weakref.ref(value, lambda _: self._known.pop(key, None)), index
        return index
