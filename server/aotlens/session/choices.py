"""The user's choices among the examples of a target: the next one, or the same with other arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aotlens.model.snapshot import TargetKey

from .examples.known import ExampleMemory


class ExampleChoices:
    """Remembers what the user chooses, and has the target traced with it by `trace`. Belongs to the event loop."""

    def __init__(self, examples: ExampleMemory, trace: Callable[[list[TargetKey]], None]) -> None:
        self._examples = examples
        self._trace = trace

    def next_example(self, key: TargetKey) -> bool:
        """Trace a target with the next of the examples that its last trace could choose from, if there is one."""
        there_is = self._examples.prefer_next(key)
        if there_is:
            self._trace([key])
        return there_is

    def trace_with(self, key: TargetKey, arguments: Sequence[str]) -> None:
        """Trace a target with a call that passes these optional arguments too, with guessed values."""
        self._examples.pass_arguments(key, arguments)
        self._trace([key])

    def trace_without(self, key: TargetKey, arguments: Sequence[str]) -> None:
        """Trace a target with a call that leaves these optional arguments out."""
        self._examples.leave_out_arguments(key, arguments)
        self._trace([key])
