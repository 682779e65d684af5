"""Searches for what the step of a script lacks: arguments of a module that is built, or the owner of its method."""

from __future__ import annotations

import ast
import contextlib
import re
import types
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from ...graph.birthplaces import Birthplaces
from ...torch_private import FakeTensorMode, fake_mode
from ..guards import TookTooLong, guarded
from .attempts import Target
from .build import Notes, first_that_builds
from .calling.inputs import Inputs
from .guess import ClassFails, Guess
from .search import Search
from .tables.script_sizes import SCRIPT_SIZES
from .tables.sizes import BATCH

_SECONDS = 5.0
"""Seconds that a call with the sizes of the script may take."""
_NAME = "module"
"""The name of the module in the expressions that are found."""
_TOKENS, _MASK = "input_ids", "attention_mask"
"""The results of tokenizers, by the names under which models take them."""


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
                    return Guess(self._as_in_script(expression, sizes), self._rule)
            except ClassFails as fails:
                return fails.guess
        return Guess(self._nearest.expression or f"{_NAME}()", failure=self._failure())

    def _as_in_script(self, expression: str, sizes: dict[str, int]) -> str:
        """Return a call with the batch size and the length that the script names, if it runs with them."""
        for wanted in (_with_sizes(expression, sizes, SCRIPT_SIZES), _with_sizes(expression, sizes, SCRIPT_SIZES[:1])):
            if wanted == expression or self._runner.is_out_of_time:
                continue
            if self._runs(wanted):
                return wanted
        return expression

    def _runs(self, expression: str) -> bool:
        with contextlib.suppress(Exception), self._target.mode, torch.no_grad(), guarded(_SECONDS):
            eval(expression, {**self._names.values, _NAME: self._target.module})
            return True
        return False


class ItemsSearch(StepSearch):
    """Looks for the items of a batch that a script passes to a module by name, `model(**batch)`."""

    def run_with(self, sizes: dict[str, int]) -> Guess:
        """The call that runs, all its arguments by name."""
        guess = super().run_with(sizes)
        if guess.failure is not None or guess.is_of_the_class:
            return guess
        call = ast.parse(guess.expression, mode="eval").body
        assert isinstance(call, ast.Call)
        named = zip(Inputs(self._target.module).parameters, call.args)
        call.keywords = [*(ast.keyword(name, value) for name, value in named), *call.keywords]
        call.args = []
        return replace(guess, expression=self._with_mask(ast.unparse(call), call))

    def _with_mask(self, expression: str, call: ast.Call) -> str:
        """The call with a mask for the tokens, which tokenizers give too, if it runs with one."""
        given = {each.arg: each.value for each in call.keywords}
        ids = given.get(_TOKENS)
        if ids is None or _MASK in given or _MASK not in Inputs(self._target.module).parameters:
            return expression
        call.keywords.append(ast.keyword(_MASK, ast.parse(f"torch.ones_like({ast.unparse(ids)})", mode="eval").body))
        return ast.unparse(call) if self._runs(ast.unparse(call)) else expression


def _with_sizes(expression: str, sizes: dict[str, int], names: Sequence[tuple[int, re.Pattern[str]]]) -> str:
    """Return an expression with other sizes in the place of usual ones: in the first axis of tensors, and in others."""
    tree = ast.parse(expression, mode="eval")
    found = {usual: value for usual, name in names for said, value in sizes.items() if name.fullmatch(said)}
    for call in ast.walk(tree):
        is_factory = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if not is_factory or not isinstance(call, ast.Call):
            continue
        shape = next((each.elts for each in call.args if isinstance(each, ast.Tuple)), call.args)
        for axis, size in enumerate(shape):
            if not isinstance(size, ast.Constant) or not isinstance(size.value, int):
                continue
            if (size.value == BATCH) == (axis == 0) and size.value in found:
                size.value = found[size.value]
    return ast.unparse(tree)


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
