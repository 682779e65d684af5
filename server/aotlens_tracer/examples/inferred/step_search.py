"""The search for the arguments of a module that is built already: the step of a script."""

from __future__ import annotations

import contextlib
import types

import torch
from torch import nn

from ...graph.birthplaces import Birthplaces
from ...torch_private import FakeTensorMode
from ..guards import TookTooLong
from .attempts import Target
from .search import ClassFails, Guess, Search

_NAME = "module"
"""The name of the module in the expressions that are found."""


class StepSearch(Search):
    """Looks for arguments of `step`, which lives in a fake mode. `module` is the Python module of its code."""

    def __init__(
        self, step: nn.Module, mode: FakeTensorMode, module: types.ModuleType, birthplaces: Birthplaces
    ) -> None:
        super().__init__(type(step), module, birthplaces, None)
        self._target = Target(_NAME, step, mode)

    def run_with(self, sizes: dict[str, int]) -> Guess:
        """The call that runs. `sizes` are integers by name, as those that a constructor was given."""
        with contextlib.suppress(TookTooLong), torch.compiler.set_stance("force_eager"):
            try:
                if expression := self._call(self._target, sizes):
                    return Guess(expression, self._rule)
            except ClassFails as fails:
                return fails.guess
        return Guess(self._nearest.expression or f"{_NAME}()", failure=self._failure())
