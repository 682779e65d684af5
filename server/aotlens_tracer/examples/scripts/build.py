"""Build a training step: run its set-up, put its modules below one root, compile its body as a function."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from ...graph.birthplaces import Birthplaces
from ...loading.scripts import statements_of
from ...torch_private import FakeTensor, FakeTensorMode, fake_mode, pytree
from ...wire.descriptor_map import Problem
from ...wire.places import Span
from ...wire.protocol import ExampleSource
from ...wire.training_steps import StepModel, StepSource, TrainingStep
from ..evaluate import BuiltExample, BuiltStep
from .code import body_of, definition_of_step, free_names, function_of, place_of_name
from .optimizers import in_no_optimizer, optimizers_of
from .prelude import Prelude, Setup
from .root import Children, as_module, root_of

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
    note: Callable[[Problem], None],
    needs_data: BaseException | None = None,
) -> BuiltExample:
    """Build the training step of a source, in the namespace of its file's `module`.

    `name` is that of the function in which the step stands; None for code of the module level. With `needs_data`,
    everything is real. Raises what the script raises where it makes something that the step cannot do without.
    """
    step = source.step
    assert step is not None
    path = step.body[0].path if step.body else source.path or ""
    mode = fake_mode() if needs_data is None else None
    setup = Setup(mode, birthplaces)
    setup.run_module(statements_of(path) if step.module is None else step.module, module)
    # The functions of the script see the names of the module level, and not those of the function of the step.
    namespace = vars(module) if name is None else dict(vars(module))
    setup.run(source.prelude, namespace)
    prelude = setup.prelude
    body = body_of(step)
    free = free_names(body)
    owner = _owner(step, namespace)
    children = Children()
    if owner is not None:
        children.add_owner(owner)
    for each in free:
        if each != step.owner and each in namespace:
            children.add(each, namespace[each])
    inputs = [each for each in _inputs(step, free, namespace) if each not in children.paths]
    given = [_value(each, namespace, prelude, body, path) for each in inputs]
    definition = definition_of_step(name or _FORWARD, step.owner or _OWNER, body, inputs, children.paths)
    function = function_of(definition, path, namespace)
    root = root_of(name or _FORWARD, module.__name__, function, owner)
    for child, value in children.modules.items():
        root.add_module(child, value)
    if train is not None:
        root.train(train)
    args = tuple(_fake(value, mode) for value in given)
    facts = _facts(step, path, root, children, free, namespace, prelude, owner is not None)
    called = root if owner is None else types.MethodType(function, root)
    return BuiltExample(called, args, {}, mode, None, step=BuiltStep(facts, definition, path))


def _owner(step: StepSource, namespace: dict[str, Any]) -> nn.Module | None:
    """Return the object whose method has the step, as a module; None if it stands in no method, or has no module."""
    made = as_module(namespace[step.owner]) if step.owner in namespace else None
    if made is not None and step.owner is not None:
        namespace[step.owner] = made
    return made


def _value(name: str, namespace: dict[str, Any], prelude: Prelude, body: Sequence[ast.stmt], path: str) -> Any:
    """Return the value of a name. Raises what the script raised where it would have made it, or NameError."""
    if name not in namespace and name in prelude.errors:
        raise prelude.errors[name]
    return eval(compile(place_of_name(name, body), path, "eval"), namespace)


def _inputs(step: StepSource, free: Sequence[str], namespace: dict[str, Any]) -> list[str]:
    """Return the names that are arguments of the step: those of the batch, and others that hold tensors."""
    found = [name for name in step.inputs if name in free]
    for name in free:
        if name not in found and name != step.owner and _holds_tensors(namespace.get(name)):
            found.append(name)
    return found


def _holds_tensors(value: Any) -> bool:
    return any(isinstance(leaf, torch.Tensor) for leaf in pytree.tree_leaves(value))


def _fake(value: Any, mode: FakeTensorMode | None) -> Any:
    """Return an argument with fake tensors, if the step has a mode."""

    def made(leaf: Any) -> Any:
        if mode is None or not isinstance(leaf, torch.Tensor) or isinstance(leaf, FakeTensor):
            return leaf
        return mode.from_tensor(leaf)

    return pytree.tree_map(made, value)


def _facts(
    step: StepSource,
    path: str,
    root: nn.Module,
    children: Children,
    free: Sequence[str],
    namespace: dict[str, Any],
    prelude: Prelude,
    is_method: bool,
) -> TrainingStep:
    models = [
        StepModel(name, children.paths[name], type(root.get_submodule(children.paths[name])).__qualname__)
        for name in free
        if name in children.paths
    ]
    if is_method:
        models += [
            StepModel(f"{step.owner}.{name}", name, type(child).__qualname__)
            for name, child in root.named_children()
            if name not in children.modules
        ]
    optimizers = optimizers_of(step, root, namespace, prelude)
    at = Span(path, step.loss_line, step.loss_column, step.loss_line, step.loss_column + len(step.loss))
    missing = in_no_optimizer(root, optimizers)
    return TrainingStep(step.loss, at, tuple(models), tuple(optimizers), (), missing)
