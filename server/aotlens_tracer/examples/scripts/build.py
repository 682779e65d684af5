"""Build a training step: run its set-up, put its modules below one root, compile its body as a function."""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import types
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from ...graph.birthplaces import Birthplaces
from ...loading.scripts import statements_of
from ...torch_private import FakeTensor, FakeTensorMode, fake_mode, pytree
from ...wire.places import Span
from ...wire.protocol import ExampleSource
from ...wire.training_steps import StepModel, TrainingStep
from ..evaluate import BuiltExample, BuiltStep
from .code import (
    body_of,
    definition_of_step,
    free_names,
    function_of,
    is_called,
    outer_name,
    place_of_name,
    stored_names,
)
from .functions import Functions
from .items import taker_of
from .optimizers import in_no_optimizer, optimizers_of
from .prelude import Setup
from .root import Children, as_module, root_of
from .turns import Turns
from .unknown import Unguessed, UnknownInputs, UnknownOwner, guessed_names, indexed, step_alone, unpacked

_OWNER = "self"
"""The name of the root module in the code of a step that stands in no method."""

_FORWARD = "forward"
"""The name of the function of a step that stands in none."""


def build_step(
    source: ExampleSource,
    module: types.ModuleType,
    birthplaces: Birthplaces,
    name: str | None,
    train: bool | None,
    needs_data: BaseException | None = None,
) -> BuiltExample:
    """Build the training step of a source, in the namespace of its file's `module`.

    `name` is that of the function in which the step stands; None for code of the module level. With `needs_data`,
    everything is real. Raises UnknownOwner and UnknownInputs if no code shows the object of a method, or inputs, and
    what the script raises where it makes something else that the step cannot do without.
    """
    mode = fake_mode() if needs_data is None else None
    return _Build(source, module, birthplaces, name, mode).run(train)


class _Build:
    """One step. `path` is the file of its body, `namespace` has the names that the body sees."""

    def __init__(
        self,
        source: ExampleSource,
        module: types.ModuleType,
        birthplaces: Birthplaces,
        name: str | None,
        mode: FakeTensorMode | None,
    ) -> None:
        assert source.step is not None
        self._source, self._step, self._module, self._mode = source, source.step, module, mode
        self._path = self._step.body[0].path if self._step.body else source.path or ""
        self._setup = Setup(mode, birthplaces)
        # The functions of the script see the names of the module level, and not those of the function of the step.
        self._namespace = vars(module) if name is None else {}
        self._callers: dict[str, Any] = {}
        self._function = name or _FORWARD
        self._owner: nn.Module | None = None
        self._children = Children()
        self._functions = Functions(self._children)
        self._called: dict[str, str] = {}

    def run(self, train: bool | None) -> BuiltExample:
        """Build the step."""
        self._set_up()
        body = self._setup.devices.in_code(body_of(self._step))
        free = free_names(body)
        self._place_modules(free)
        inputs = [each for each in self._inputs(free, body) if each not in self._children.paths]
        unknown = [each for each in inputs if each not in self._namespace]
        self._check(free, unknown, body)
        if unknown:
            known = [each for each in inputs if each not in unknown]
            self._namespace.update((each, self._fake(self._namespace[each])) for each in known)
            raise UnknownInputs(self._unguessed_items(unknown, body) or self._unguessed(unknown, body))
        function, definition = self._compile(inputs, body)
        root = self._root(function)
        if train is not None:
            root.train(train)
        args = tuple(self._fake(self._namespace[each]) for each in inputs)
        called = root if self._owner is None else types.MethodType(function, root)
        functions = ((function, definition, self._path), *self._functions.made)
        step = BuiltStep(self._facts(root, free), functions, self._turns(dict(zip(inputs, args))))
        return BuiltExample(called, args, {}, self._mode, None, step=step)

    def _set_up(self) -> None:
        """Run the module level, the callers of the function, and its own statements before the step."""
        step, setup, prelude = self._step, self._setup, self._source.prelude
        setup.run_module(statements_of(self._path) if step.module is None else step.module, self._module)
        for name, value in {"torch": torch, **vars(self._module)}.items():
            self._namespace.setdefault(name, value)
        self._callers = dict(self._namespace)
        if step.frame:
            self._namespace.update(setup.run_callers(prelude[: step.frame], self._callers))
        setup.run(prelude[step.frame :], self._namespace)
        for error in filter(None, map(setup.prelude.errors.get, step.pinned)):
            raise error

    def _place_modules(self, free: Sequence[str]) -> None:
        """Find the modules that the body uses, and give them places below the root."""
        owner = self._step.owner
        made = as_module(self._namespace[owner]) if owner in self._namespace else None
        if made is not None and owner is not None:
            self._namespace[owner] = self._owner = made
            self._children.add_owner(made)
        for name in free:
            if name != owner and name in self._namespace:
                self._children.add(name, self._namespace[name])
        self._called = self._functions.called_in({n: self._namespace[n] for n in free if n in self._namespace})
        for name, new in self._called.items():
            self._namespace[new] = self._namespace[name].__globals__[new]

    def _inputs(self, free: Sequence[str], body: Sequence[ast.stmt]) -> Iterator[str]:
        """Yield the arguments of the step: the names of the batch, others that hold tensors, unknown ones."""
        errors = self._setup.prelude.errors
        others = [name for name in free if name not in self._step.inputs and name != self._step.owner]
        for name in (*(name for name in self._step.inputs if name in free), *others):
            if name in self._namespace:
                if name not in others or _holds_tensors(self._namespace[name]):
                    yield name
            elif (name not in others or name in errors) and not is_called(name, body):
                yield name

    def _check(self, free: Sequence[str], unknown: Sequence[str], body: Sequence[ast.stmt]) -> None:
        """Raise what the script raised where it would have made a value that cannot be guessed, or NameError."""
        for name in free:
            if name in unknown or name in self._namespace or hasattr(builtins, name):
                continue
            if name in self._setup.prelude.errors:
                raise self._setup.prelude.errors[name]
            if name == self._step.owner:
                raise UnknownOwner(name)
            eval(compile(place_of_name(name, body), self._path, "eval"), self._namespace)

    def _compile(self, inputs: Sequence[str], body: Sequence[ast.stmt]) -> tuple[types.FunctionType, ast.FunctionDef]:
        given = {name: self._namespace.get(name) for name in inputs}
        owner, paths = self._step.owner or _OWNER, self._children.paths
        bound = stored_names(body)
        others = [name for name in free_names(body) if name in bound and name not in given and name not in paths]
        outer = {name: self._namespace[name] for name in others if name in self._namespace}
        self._namespace.update((outer_name(name), value) for name, value in outer.items())
        definition = definition_of_step(self._function, owner, body, given, paths, self._called, outer)
        return function_of(definition, self._path, self._namespace), definition

    def _root(self, function: types.FunctionType) -> nn.Module:
        root = root_of(self._function, self._module.__name__, function, self._owner)
        for child, value in self._children.modules.items():
            root.add_module(child, value)
        return root

    def _unguessed_items(self, unknown: Sequence[str], body: Sequence[ast.stmt]) -> Unguessed | None:
        """Return the first unknown dictionary whose items a module takes; None if there is none."""
        for name in unknown:
            if (taker := taker_of(name, body, self._namespace)) is not None:
                error = self._setup.prelude.errors.get(name)
                return Unguessed((name,), taker, self._mode, self._sizes(), error, has_items=True)
        return None

    def _sizes(self) -> dict[str, int]:
        """Return the integers of the script by name."""
        given = [vars(each) for each in self._namespace.values() if isinstance(each, argparse.Namespace)]
        named = (item for names in (*given, self._namespace) for item in names.items())
        return {name: value for name, value in named if type(value) is int}

    def _unguessed(self, unknown: Sequence[str], body: list[ast.stmt]) -> Unguessed:
        packed: dict[str, list[str | None]] = {}
        for name in unknown:
            found = unpacked(name, body)
            if found is not None:
                statement, packed[name] = found
                body = [node for node in body if node is not statement]
            elif (taken := indexed(name, body)) is not None:
                body, packed[name] = taken
        parts = [part for names in packed.values() for part in names if part is not None]
        asked = [*(name for name in unknown if name not in packed), *dict.fromkeys(parts)]
        function, definition = self._compile(asked, body)
        errors = self._setup.prelude.errors
        alone = step_alone(self._root(function), function, definition)
        error = next((errors[name] for name in unknown if name in errors), None)
        return Unguessed(tuple(asked), alone, self._mode, self._sizes(), error, packed)

    def _fake(self, value: Any) -> Any:
        """Return an argument with fake tensors, if the step has a mode."""
        mode = self._mode

        def made(leaf: Any) -> Any:
            if mode is None or not isinstance(leaf, torch.Tensor) or isinstance(leaf, FakeTensor):
                return leaf
            return mode.from_tensor(leaf)

        return pytree.tree_map(made, value)

    def _facts(self, root: nn.Module, free: Sequence[str]) -> TrainingStep:
        step, setup = self._step, self._setup
        with setup.entered(self._path):
            optimizers = optimizers_of(step, root, (self._namespace, self._callers), setup.prelude)
        at = Span(self._path, step.loss_line, step.loss_column, step.loss_line, step.loss_column + len(step.loss))
        return TrainingStep(
            step.loss,
            at,
            tuple(self._models(root, free)),
            tuple(optimizers),
            tuple(dict.fromkeys((*guessed_names(self._source), *setup.prelude.guessed))),
            in_no_optimizer(root, optimizers),
            setup.devices.are_replaced,
            tuple(dict.fromkeys(self._not_taken())),
            step.pinned,
        )

    def _not_taken(self) -> Iterator[str]:
        """Yield the conditions of branches that are False after the set-up: of callers first."""
        for name, condition in self._step.conditions_of_callers:
            if name in self._callers and self._is_false(name, self._callers):
                yield condition
        for condition in self._step.conditions:
            if self._is_false(condition, self._namespace):
                yield condition

    def _is_false(self, condition: str, names: dict[str, Any]) -> bool:
        """Whether a condition is False with these names. One that cannot be evaluated here is not."""
        with self._setup.entered(self._path), contextlib.suppress(Exception):
            return not eval(compile(condition, self._path, "eval"), dict(names))
        return False

    def _turns(self, given: dict[str, Any]) -> Turns | None:
        return Turns(self._step, self._path, self._setup, self._namespace, given) if self._step.turn else None

    def _models(self, root: nn.Module, free: Sequence[str]) -> Iterator[StepModel]:
        paths = self._children.paths
        for name in dict.fromkeys((*free, *paths)):
            if name in paths:
                yield StepModel(name, paths[name], type(root.get_submodule(paths[name])).__qualname__)
        if self._owner is not None:
            for name, child in root.named_children():
                if name not in self._children.modules:
                    yield StepModel(f"{self._step.owner}.{name}", name, type(child).__qualname__)


def _holds_tensors(value: Any) -> bool:
    return any(isinstance(leaf, torch.Tensor) for leaf in pytree.tree_leaves(value))
