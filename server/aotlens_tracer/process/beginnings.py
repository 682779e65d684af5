"""Lets the processes begin that a child asks for, one by one, until there are more than any trace needs."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .child import Child
from .fence import new_processes
from .memory import MOST_PROCESSES, processes_below
from .pump import SelectorPump, ThreadPump


class Beginnings:
    """Answers children as long as they live."""

    def __init__(self, pump: SelectorPump | ThreadPump) -> None:
        self._pump = pump
        self._answered: dict[Child, _OfChild] = {}

    def answer(self, child: Child, orphans: Callable[[], Collection[int]]) -> None:
        """Answer a child that has its request. `orphans` gives the processes that it left behind so far."""
        if isinstance(self._pump, SelectorPump):
            self._answered[child] = _OfChild(child, self._pump, orphans)

    def kill(self, child: Child) -> None:
        """End a child and what it started. First, nothing below it may start anything more."""
        answered = self._answered.pop(child, None)
        if answered is not None:
            answered.close()
        child.kill()


class _OfChild:
    """Answers one child. `orphans` gives the processes that were left behind so far."""

    def __init__(self, child: Child, pump: SelectorPump, orphans: Callable[[], Collection[int]]) -> None:
        self._child = child
        self._pump = pump
        self._orphans = orphans
        self._room = 0
        self._listener: int | None = None
        if child.asking is not None:
            pump.watch(child.asking, self._on_first)

    def close(self) -> None:
        """Let no process begin any more."""
        for descriptor in (self._child.asking, self._listener):
            if descriptor is not None:
                self._pump.remove(descriptor)
        self._child.asking = self._listener = None

    def _on_first(self) -> None:
        """Take what the child asks through from its socket."""
        assert self._child.asking is not None
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
