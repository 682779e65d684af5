"""Searches for what the step of a script lacks: arguments of a module that is built, or the owner of its method."""

from __future__ import annotations

import contextlib
import types

import torch
from torch import nn

from ...graph.birthplaces import Birthplaces
from ...torch_private import FakeTensorMode, fake_mode
from ..guards import TookTooLong
from .attempts import Target
from .build import Notes, first_that_builds
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


class OwnerSearch(Search):
    """Looks for a call that builds the class of a method, which another call will show to work or not."""

    def constructor(self) -> str | None:
        """The expression that builds the class; None if none was found."""
        notes = Notes(self._note_construction, self._note_rule)
        with contextlib.suppress(TookTooLong, ClassFails):
            for constructors, arguments in self._constructions():
                mode = fake_mode()

                def build(text: str, mode: FakeTensorMode = mode) -> nn.Module:
                    return self._runner.build(text, mode)

                built = first_that_builds(self._cls, arguments, constructors, build, notes)
                if built is not None:
                    return built.expression
        return None
