"""Whole turns of the loop around a training step, as the script runs them: all backward passes, and the optimizers."""

from __future__ import annotations

import ast
import contextlib
import functools
import types
from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

import torch

from ...torch_private import pytree
from ...wire.training_steps import StepSource
from ..statements import parsed
from .prelude import Setup


class Turns:
    """Runs turn after turn in names of its own, which begin as copies of those before the loop.

    `given` are the values of the step's arguments, the items of the loop among them.
    """

    def __init__(
        self, step: StepSource, path: str, setup: Setup, names: Mapping[str, Any], given: Mapping[str, Any]
    ) -> None:
        self._step, self._path, self._setup = step, path, setup
        self._names = {**names, **given}
        self._given = {name: self._names[name] for name in step.given if name in self._names}

    @property
    def count(self) -> int:
        """How many turns differ: the second one has what the first hands on."""
        return 2 if self._step.carried else 1

    def is_own(self, path: str | None, line: int | None) -> bool:
        """Whether a place is that of the step's own backward pass, and not of another one in the same turn."""
        return path == self._path and line == self._step.loss_line

    def run(self, number: int) -> None:
        """Run a turn; they are numbered from 0. Raises what the script raises, and what it cannot do here."""
        for name, value in self._given.items():
            self._names[name] = value + number if type(value) is int else value
        with self._setup.entered(self._path), _scalers_without_data():
            exec(self._code, self._names)

    def with_graph(self) -> tuple[str, ...]:
        """Return the names that the last turn hands on whose tensors have its graph."""
        return tuple(name for name in self._step.carried if _has_graph(self._value(name)))

    @functools.cached_property
    def _code(self) -> types.CodeType:
        body = [node for statement in self._step.turn for node in parsed(statement)]
        once = ast.parse("for _ in (0,): pass").body[0]  # the loop that `continue` and `break` belong to
        assert isinstance(once, ast.For)
        once.body = self._setup.devices.in_code(body)
        return compile(ast.Module([once], []), self._path, "exec")

    def _value(self, name: str) -> Any:
        first, *rest = name.split(".")
        return functools.reduce(lambda value, part: getattr(value, part, None), rest, self._names.get(first))


@contextlib.contextmanager
def _scalers_without_data() -> Iterator[None]:
    """Let gradient scalers step without a look at the gradients, which is for infinities in them."""

    def step(scaler: torch.amp.GradScaler, optimizer: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> Any:
        return optimizer.step(*args, **kwargs)

    def nothing(scaler: torch.amp.GradScaler, *args: Any) -> None: ...

    with patch.multiple(torch.amp.GradScaler, step=step, unscale_=nothing, update=nothing):
        yield


def _has_graph(value: Any) -> bool:
    return any(isinstance(leaf, torch.Tensor) and leaf.grad_fn is not None for leaf in pytree.tree_leaves(value))
