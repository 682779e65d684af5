"""Runs attempts: builds and calls modules on fake tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from ...failures import reads_data
from ...graph.birthplaces import Birthplaces
from ...torch_private import FakeTensorMode, compiling
from ..fake_modules import fake_constructors, fake_modules, light_initialization
from .budget import Budget, Steps
from .calling.inputs import Inputs, as_call
from .origins import Origins
from .scalars import scalars_in
from .values import Arguments, Path, containers, tensors


@dataclass(frozen=True)
class Outcome:
    """The result of a call: its error or None, the number of operations that it ran, its tensors by path.

    `containers` has its lists, tuples and dictionaries in the same way.
    `origins` says which arguments the tensors of the call come from. `scalars` is the number of tensors without axes in
    its result: losses are among them.
    """

    error: Exception | None
    progress: int
    values: dict[Path, torch.Tensor]
    origins: Origins
    containers: dict[Path, Any] = field(default_factory=dict)
    scalars: int = 0


@dataclass(frozen=True)
class Target:
    """The module that is called, the expression that built it, and the fake mode in which it lives."""

    expression: str
    module: nn.Module
    mode: FakeTensorMode

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
        """Call the module with these arguments."""
        outcome = self._call_once(target, inputs, arguments)
        if outcome.error is not None and reads_data(outcome.error):
            # Checks of values are often left out while compiling, and Dynamo comes first in a capture.
            with compiling():
                return self._call_once(target, inputs, arguments)
        return outcome

    def _call_once(self, target: Target, inputs: Inputs, arguments: Arguments) -> Outcome:
        positional, named = as_call(inputs.parameters, arguments)
        values: dict[Path, torch.Tensor] = {}
        held: dict[Path, Any] = {}
        origins = Origins()
        steps = Steps(self._budget, origins)
        try:
            with fake_modules(self._birthplaces), target.mode:
                args = [self._evaluate(value.expression) for value in positional]
                kwargs = {name: self._evaluate(value.expression) for name, value in named.items()}
                passed = {**dict(zip(inputs.parameters, args)), **kwargs}
                for path, _ in tensors(arguments):
                    values[path] = _at(passed, path)
                    origins.begin(path, values[path])
                held.update((path, _at(passed, path)) for path, _ in containers(arguments))
                with self._budget.limited(), steps, torch.no_grad():
                    result = target.module(*args, **kwargs)
        except Exception as error:
            return Outcome(error, steps.count, values, origins, held)
        return Outcome(None, steps.count, values, origins, held, scalars_in(result))

    def _evaluate(self, expression: str) -> Any:
        return eval(expression, dict(self._namespace))


def _at(passed: Mapping[str, Any], path: Path) -> Any:
    """The value at a path in the arguments of a call."""
    value = passed[str(path[0])]
    for step in path[1:]:
        value = value[step]
    return value
