"""Passes arguments that a call which runs leaves out."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from ..attempts import Outcome, Runner, Target
from ..calling.inputs import Inputs
from ..reading.losses import loss_arguments
from ..repairs.failed_attempt import FailedAttempt
from ..repairs.registry import CALLS
from ..repairs.rule import proposals
from ..tables.input_names import input_kind
from ..tables.sizes import CLASSES
from ..values import Arguments, Tensor, Value, Written
from ..waiting import Waiting
from .targets import WatchedLosses, fitting

LOSS = "loss"
"""The name by which attempts to reach a loss are listed, as if it were a rule."""
_MOST_CALLS = 10
"""How many calls are tried for the arguments of one loss."""
_SECONDS = 2.0
"""Seconds of processor time after which no further call is tried."""
_FEW = 4
"""How many repairs of one failure are tried."""

NoteAttempt = Callable[[str, BaseException, "str | None"], None]
NoteRule = Callable[[str, Exception], None]


@dataclass(frozen=True)
class Passing:
    """A call that runs, and the arguments that can be passed to it besides.

    `shapes` are those of tensors in arguments that are no guess.
    """

    runner: Runner
    target: Target
    inputs: Inputs
    arguments: Arguments
    note: NoteAttempt
    note_rule: NoteRule
    shapes: tuple[tuple[int, ...], ...] = ()

    def with_loss(self) -> tuple[Arguments, tuple[str, ...]]:
        """Return the arguments of a call whose result has a loss, and the names of those that lead to it.

        The first ones whose call runs and has one scalar more than the call without; the same arguments and no name if
        there are none.
        """
        scalars: int | None = None
        for loss in loss_arguments(self.target.module):
            missing = [name for name in loss.names if name not in self.arguments]
            if not missing:
                continue
            if scalars is None:
                scalars = self.runner.call(self.target, self.inputs, self.arguments).scalars
            values = [[Written("True")] if loss.is_flag else self._values(name) for name in missing]
            if not all(values):
                continue
            added = {name: first for name, (first, *_) in zip(missing, values)}
            if (found := self._search(added, scalars + 1)) is not None:
                return found, tuple(missing)
        return self.arguments, ()

    def with_names(self, names: tuple[str, ...]) -> Arguments | None:
        """Return the arguments of a call that passes those of these names too; None if none was found that runs."""
        values = {name: self._values(name) for name in names if name not in self.arguments}
        if not all(values.values()):
            return None
        return self._search({name: first for name, (first, *_) in values.items()}, 0)

    def _values(self, name: str) -> list[Value]:
        """Return the values to pass for an argument, the likeliest first; none if only None is known."""
        default = self.inputs.parameters[name].default if name in self.inputs.parameters else None
        if default is False:
            return [Written("True")]
        values = [value for value in self.inputs.candidates(name) if value.expression != "None"]
        if input_kind(name) == "tokens" and self.inputs.demand(name).dtype is None:
            values = [_of_classes(value) for value in values]
        return values

    def _search(self, added: Mapping[str, Value], scalars: int) -> Arguments | None:
        """Return arguments with which the call runs: the same ones, and those that are added, repaired if need be.

        None if none were found, or if the result has fewer scalars than so many.
        """
        waiting = Waiting()
        waiting.add(0, 0, {**self.arguments, **added}, LOSS)
        began = time.process_time()
        for _ in range(_MOST_CALLS):
            if not waiting or time.process_time() - began > _SECONDS:
                return None
            cost, arguments, rule = waiting.next()
            outcome, fitted = self._call(arguments, added)
            if outcome.error is None:
                if outcome.scalars < scalars:
                    return None
                again = self._call(fitted, added)[0] if fitted != arguments else outcome
                is_better = again.error is None and again.scalars >= scalars
                return self._needed(fitted if is_better else arguments, added, scalars)
            self.note(self.target.call(self.inputs, arguments), outcome.error, rule)
            waiting.add(outcome.progress, cost, fitted, LOSS)
            failed = FailedAttempt(outcome.error, arguments, outcome.values, self.inputs.function)
            repairs = (
                proposal
                for proposal in proposals(CALLS, failed, self.inputs, self.note_rule)
                if all(proposal.arguments.get(name) == value for name, value in self.arguments.items())
            )
            for index, (proposal, _) in enumerate(zip(repairs, range(_FEW))):
                waiting.add(outcome.progress, cost + index + 1 + proposal.distance, proposal.arguments, proposal.rule)
        return None

    def _needed(self, arguments: Arguments, added: Collection[str], scalars: int) -> Arguments:
        """Return the arguments without those that repairs passed and that are not needed, now or any more."""
        kept = {*added, *self.inputs.first()}
        for name in [name for name in arguments if name not in kept]:
            fewer = {key: value for key, value in arguments.items() if key != name}
            outcome, _ = self._call(fewer, added)
            if outcome.error is None and outcome.scalars >= scalars:
                arguments = fewer
        return arguments

    def _call(self, arguments: Arguments, added: Collection[str]) -> tuple[Outcome, Arguments]:
        """Make a call, and return the arguments as the loss functions in it want them too."""
        watched = WatchedLosses()
        with watched, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a target that is broadcast, which the next call mends
            outcome = self.runner.call(self.target, self.inputs, arguments)
        return outcome, fitting(arguments, outcome.values, added, watched.calls, self.shapes)


def _of_classes(value: Value) -> Value:
    """Return a tensor with the indices of classes in the place of numbers: labels mostly are."""
    is_of_numbers = isinstance(value, Tensor) and value.dtype == "float32"
    return replace(value, dtype="int64", high=CLASSES) if isinstance(value, Tensor) and is_of_numbers else value
