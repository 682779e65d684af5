"""Runs attempts: builds and calls modules on fake tensors."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ...failures import reads_data
from ...graph.birthplaces import Birthplaces
from ...torch_private import FakeTensorMode, compiling
from ..fake_modules import fake_constructors, fake_modules, light_initialization
from ..guards import TookTooLong
from .budget import AttemptTooLong, Budget, Steps
from .calling.inputs import Inputs, as_call
from .origins import Origins
from .scalars import scalars_in
from .unpacked import LastList, Unpacked, wanted_values
from .values import Arguments, Path, Several, containers, tensors

LARGEST_REAL = 1 << 28
"""Bytes of parameters and buffers of a module that is called on real tensors, to see whether it runs."""


@dataclass(frozen=True)
class Outcome:
    """The result of a call: its error or None, the number of operations that it ran, its tensors by path.

    `containers` has its lists, tuples and dictionaries in the same way.
    `origins` says which arguments the tensors of the call come from. `scalars` is the number of tensors without axes in
    its result: losses are among them. With `is_real`, it was made on real tensors too, because it reads data.
    `unpacked` says of how many tensors a statement unpacks another number; None if it failed for another reason.
    """

    error: Exception | None
    progress: int
    values: dict[Path, torch.Tensor]
    origins: Origins
    containers: dict[Path, Any] = field(default_factory=dict)
    scalars: int = 0
    is_real: bool = False
    unpacked: Unpacked | None = None


@dataclass(frozen=True)
class Target:
    """The module that is called, the expression that built it, and the fake mode in which it lives if not real."""

    expression: str
    module: nn.Module
    mode: FakeTensorMode
    is_real: bool = False

    def call(self, inputs: Inputs, arguments: Arguments) -> str:
        """The expression that builds the module and calls it."""
        positional, named = as_call(inputs.parameters, arguments)
        parts = [value.expression for value in positional]
        parts += [f"{name}={value.expression}" for name, value in named.items()]
        return f"{self.expression}({', '.join(parts)})"


class Runner:
    """Evaluates expressions in `namespace`. `train` sets the mode of built modules; None leaves it."""

    def __init__(
        self, namespace: Mapping[str, Any], birthplaces: Birthplaces, budget: Budget, train: bool | None
    ) -> None:
        self._namespace = namespace
        self._birthplaces = birthplaces
        self._budget = budget
        self._train = train
        self._real: dict[str, Target | None] = {}

    @property
    def is_out_of_time(self) -> bool:
        """Whether the time for the search is up."""
        return self._budget.left <= 0

    def build(self, expression: str, mode: FakeTensorMode) -> nn.Module:
        """The module that the expression builds: on fake tensors, or on real ones if its constructor reads data.

        Another object, such as a configuration, is built in the same way.
        """
        try:
            with fake_constructors(mode, self._birthplaces), self._budget.limited(), Steps(self._budget):
                module: nn.Module = self._evaluate(expression)
        except Exception as error:
            if not reads_data(error):
                raise
            with light_initialization(), self._budget.limited(), Steps(self._budget):
                module = self._evaluate(expression)
        if self._train is not None and isinstance(module, nn.Module):
            module.train(self._train)
        return module

    def call(self, target: Target, inputs: Inputs, arguments: Arguments) -> Outcome:
        """Call the module with these arguments.

        A call that reads data has the error that says so only if it runs on real tensors, or if it is too large for
        these; else it has the error that comes then.
        """
        outcome = self._call_once(target, inputs, arguments)
        if outcome.error is not None and reads_data(outcome.error):
            # Checks of values are often left out while compiling, and Dynamo comes first in a capture.
            with compiling():
                outcome = self._call_once(target, inputs, arguments)
        if outcome.error is None or not reads_data(outcome.error):
            return self._with_unpacked(outcome, target, inputs, arguments)
        real = self._call_for_real(target, inputs, arguments)
        if real is None or real.error is not None:
            return real or outcome
        return replace(outcome, is_real=True)

    def _with_unpacked(self, outcome: Outcome, target: Target, inputs: Inputs, arguments: Arguments) -> Outcome:
        """The outcome of a call with what it could not unpack. Such a call is made once more."""
        if (wanted := wanted_values(outcome.error)) is None:
            return outcome
        with LastList() as last:
            self._call_once(target, inputs, arguments)
        return replace(outcome, unpacked=last.unpacked(wanted))

    def _call_for_real(self, target: Target, inputs: Inputs, arguments: Arguments) -> Outcome | None:
        """Make a call on real tensors; None if the module is too large, or cannot be built for real."""
        if target.expression not in self._real:
            self._real[target.expression] = self._built_for_real(target)
        real = self._real[target.expression]
        if real is None:
            return None
        with torch.random.fork_rng(()):
            torch.manual_seed(0)  # so that the guess is the same each time
            return self._call_once(real, inputs, arguments)

    def _built_for_real(self, target: Target) -> Target | None:
        state = [*target.module.parameters(), *target.module.buffers()]
        if any(map(is_lazy, state)) or sum(each.numel() * each.itemsize for each in state) > LARGEST_REAL:
            return None
        try:
            with light_initialization(), self._budget.limited(), Steps(self._budget):
                module = self._evaluate(target.expression)
        except (TookTooLong, AttemptTooLong):
            raise
        except Exception:
            return None
        return replace(target, module=module.train(target.module.training), is_real=True)

    def _call_once(self, target: Target, inputs: Inputs, arguments: Arguments) -> Outcome:
        positional, named = as_call(inputs.parameters, arguments)
        values: dict[Path, torch.Tensor] = {}
        held: dict[Path, Any] = {}
        origins = Origins()
        steps = Steps(self._budget, origins)
        try:
            with fake_modules(self._birthplaces), contextlib.nullcontext() if target.is_real else target.mode:
                args = [self._evaluate(value.expression) for value in positional]
                kwargs = {name: self._evaluate(value.expression) for name, value in named.items()}
                passed = {**_by_name(list(inputs.parameters), arguments, args), **kwargs}
                for path, _ in tensors(arguments):
                    values[path] = _at(passed, path)
                    origins.begin(path, values[path])
                held.update((path, _at(passed, path)) for path, _ in containers(arguments))
                with self._budget.limited(), steps, torch.no_grad():
                    result = target.module(*args, **kwargs)
        except Exception as error:
            return Outcome(error, steps.count, values, origins, held, is_real=target.is_real)
        return Outcome(None, steps.count, values, origins, held, scalars_in(result), target.is_real)

    def _evaluate(self, expression: str) -> Any:
        return eval(expression, dict(self._namespace))


def _by_name(names: Sequence[str], arguments: Arguments, values: list[Any]) -> dict[str, Any]:
    """The values of the positional arguments by the names of the parameters; those of `*args` as a list."""
    found = dict(zip(names, values))
    several = next((name for name, value in arguments.items() if isinstance(value, Several)), None)
    return found if several is None else {**found, several: values[names.index(several) :]}


def _at(passed: Mapping[str, Any], path: Path) -> Any:
    """The value at a path in the arguments of a call."""
    value = passed[str(path[0])]
    for step in path[1:]:
        value = value[step]
    return value
