"""Lets the processes begin that a child asks for, one by one, until there are more than any trace needs."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .child import Child
from .fence import new_processes
from .memory import MOST_PROCESSES, processes_below
from .pump import SelectorPump, ThreadPump


class Beginnings:
    """Answers one child. `orphans` gives the processes that were left behind so far."""

    def __init__(self, child: Child, pump: SelectorPump | ThreadPump, orphans: Callable[[], Collection[int]]) -> None:
        self._child = child
        self._orphans = orphans
        self._room = 0
        self._listener: int | None = None
        self._pump: SelectorPump | None = None
        if isinstance(pump, SelectorPump) and child.asking is not None:
            self._pump = pump
            pump.watch(child.asking, self._on_first)

    def close(self) -> None:
        """Let no process begin any more."""
        pump, self._pump = self._pump, None
        if pump is not None:
            for descriptor in (self._child.asking, self._listener):
                if descriptor is not None:
                    pump.remove(descriptor)
            self._child.asking = self._listener = None

    def _on_first(self) -> None:
        """Take what the child asks through from its socket."""
        assert self._child.asking is not None and self._pump is not None
        self._listener = new_processes.received(self._child.asking)
        self._pump.remove(self._child.asking)
        self._child.asking = None
        if self._listener is not None:
            self._pump.watch(self._listener, self._on_asked)

    def _on_asked(self) -> None:
        assert self._listener is not None
        if not new_processes.let_begin(self._listener, self._may_begin):
            self.close()

    def _may_begin(self) -> bool:
        """Whether one more may begin. They are counted anew when as many have begun as there was room for."""
        if self._room <= 0:
            self._room = MOST_PROCESSES + 1 - processes_below(self._child.pid, self._orphans())
        self._room -= 1
        return self._room >= 0
