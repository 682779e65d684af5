"""The functions that instrumented code calls as it runs: they record values by expression and by call of a module."""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Iterator
from typing import Any

from torch import nn

from ..torch_private import calls_of_modules
from .descriptions import Descriptions, DimsOf
from .table import ENTER, LEAVE, RAN, TRUE, VALUE, Table

_SILENT: dict[str, Any] = {
    VALUE: lambda identifier, value: value,
    TRUE: lambda identifier, value: True,
    ENTER: lambda function, owner: None,
    LEAVE: lambda: None,
}
"""The functions that instrumented code calls when nothing is recorded."""


_UNKNOWN = object()
_MOST_CALLS = 256
"""Calls of one module that are told apart: the last of them stands for all that follow."""


class _Call:
    """A call of a module. `index` is its place among those in which something was recorded, None before that."""

    __slots__ = ("index", "module", "number")

    def __init__(self, module: str | None, number: int) -> None:
        self.module = module
        self.number = number
        self.index: int | None = None


class _Events:
    """How often an expression had one value, and in which calls."""

    __slots__ = ("calls", "times")

    def __init__(self) -> None:
        self.calls: dict[int, None] = {}
        self.times = 0


class Recorder:
    """The values of one call. `root` is the module that is called, None for a plain function.

    `stopped_at` are the lines, with their files, through which the error passed that ended it.
    """

    def __init__(self, table: Table, root: nn.Module | None, dims_of: DimsOf | None = None) -> None:
        self.table = table
        self.descriptions = Descriptions(dims_of)
        self._ways: dict[type, Any] = self.descriptions.by_type  # this is called so often that a call less counts
        self.calls: list[_Call] = []
        self.seen: dict[tuple[int, int], _Events] = {}
        self.stopped_at: tuple[tuple[str, int], ...] = ()
        self.runs: dict[int, dict[int, None]] = {}
        self.ran = bytearray(len(table.blocks))
        self._names = {id(module): name for name, module in root.named_modules()} if root is not None else {}
        self._numbers: dict[str, int] = {}
        self._last: dict[str, _Call] = {}
        self._outside = _Call(None, 0)
        self._stack: list[_Call] = []
        self._current = self._outside

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record what the instrumented code does while this is entered."""
        called = {VALUE: self._value, TRUE: self._true, ENTER: self._enter, LEAVE: self._leave, RAN: self.ran}
        vars(builtins).update(called)
        try:
            with calls_of_modules(self._begin, self._end):
                yield
        finally:  # functions that the call has made may be called later
            vars(builtins).update(_SILENT | {RAN: bytearray(len(self.ran))})

    # --- called by the instrumented code

    def _value(self, identifier: int, value: Any) -> Any:
        try:
            how = self._ways.get(type(value), _UNKNOWN)
            if how is None:
                return value
            index = how(value) if how is not _UNKNOWN else self.descriptions.describe(value)
        except Exception:  # a tensor that has no shape (a lazy one), an object that cannot be looked at
            return value
        if index is not None:
            key = (identifier, index)
            events = self.seen.get(key)
            if events is None:
                events = self.seen[key] = _Events()
            call = self._current.index
            if call is None:
                call = self._index_of_current()
            events.calls[call] = None
            events.times += 1
        return value

    def _true(self, identifier: int, value: Any) -> bool:
        self._value(identifier, value)
        return True

    def _enter(self, function: int, owner: Any) -> None:
        if owner is not None:
            self._begin(owner, is_call=False)
        call = self._current.index
        if call is None:
            call = self._index_of_current()
        self.runs.setdefault(function, {})[call] = None

    def _leave(self) -> None:
        self._end()

    # --- calls of modules

    def _begin(self, module: Any, is_call: bool = True) -> None:
        """Note that a module is called, or that a method of it is: of the one that is called already, in most cases."""
        self._stack.append(self._current)
        name = self._names.get(id(module))
        if name is None or (not is_call and name == self._current.module):
            return
        number = self._numbers.get(name, 0)
        self._numbers[name] = number + 1
        if number < _MOST_CALLS:
            self._last[name] = _Call(name, number)
        self._current = self._last[name]

    def _end(self) -> None:
        self._current = self._stack.pop()

    def _index_of_current(self) -> int:
        index = self._current.index = len(self.calls)
        self.calls.append(self._current)
        return index
