"""Build a training step: run its set-up, put its modules below one root, compile its body as a function."""

from __future__ import annotations

import ast
import builtins
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
from .code import body_of, definition_of_step, free_names, function_of, is_called, keeping_variables, place_of_name
from .optimizers import in_no_optimizer, optimizers_of
from .prelude import Prelude, Setup
from .root import Children, as_module, root_of
from .unknown import Unguessed, UnknownInputs, guessed_names, step_alone

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
    everything is real. Raises UnknownInputs if inputs have no values, and what the script raises where it makes
    something else that the step cannot do without.
    """
    step = source.step
    assert step is not None
    path = step.body[0].path if step.body else source.path or ""
    mode = fake_mode() if needs_data is None else None
    setup = Setup(mode, birthplaces)
    devices = setup.devices
    setup.run_module(statements_of(path) if step.module is None else step.module, module)
    # The functions of the script see the names of the module level, and not those of the function of the step.
    namespace = vars(module) if name is None else dict(vars(module))
    callers = dict(namespace)
    if step.frame:
        namespace.update(setup.run_callers(source.prelude[: step.frame], callers))
    setup.run(source.prelude[step.frame :], namespace)
    prelude = setup.prelude
    body = devices.in_code(body_of(step))
    free = free_names(body)
    owner = _owner(step, namespace)
    children = Children()
    if owner is not None:
        children.add_owner(owner)
    for each in free:
        if each != step.owner and each in namespace:
            children.add(each, namespace[each])
    inputs = [each for each in _inputs(step, free, namespace, prelude) if each not in children.paths]
    unknown = [each for each in inputs if each not in namespace]
    _check(free, [*unknown, *children.paths], namespace, prelude, body, path)
    own, called = name or _FORWARD, step.owner or _OWNER
    known = [each for each in inputs if each in namespace] if unknown else inputs
    definition = definition_of_step(own, called, body, unknown or known, children.paths)
    function = function_of(definition, path, namespace)
    root = root_of(own, module.__name__, function, owner)
    for child, value in children.modules.items():
        root.add_module(child, value)
    if train is not None:
        root.train(train)
    if unknown:
        namespace.update((each, _fake(namespace[each], mode)) for each in known)
        alone = step_alone(root, function, definition)
        sizes = {each: value for each, value in namespace.items() if type(value) is int}
        error = next((prelude.errors[each] for each in unknown if each in prelude.errors), None)
        raise UnknownInputs(Unguessed(tuple(unknown), alone, mode, sizes, error))
    args = tuple(_fake(namespace[each], mode) for each in inputs)
    facts = _facts(
        source,
        step,
        path,
        root,
        children,
        free,
        namespace,
        callers,
        prelude,
        owner is not None,
        setup.devices.are_replaced,
    )
    callee = root if owner is None else types.MethodType(function, root)
    keeping = keeping_variables(definition, path, namespace, root)
    return BuiltExample(callee, args, {}, mode, None, step=BuiltStep(facts, function, definition, path, keeping))


def _owner(step: StepSource, namespace: dict[str, Any]) -> nn.Module | None:
    """Return the object whose method has the step, as a module; None if it stands in no method, or has no module."""
    made = as_module(namespace[step.owner]) if step.owner in namespace else None
    if made is not None and step.owner is not None:
        namespace[step.owner] = made
    return made


def _check(
    free: Sequence[str],
    known: Sequence[str],
    namespace: dict[str, Any],
    prelude: Prelude,
    body: Sequence[ast.stmt],
    path: str,
) -> None:
    """Raise what the script raised where it would have made a value that cannot be guessed, or NameError."""
    for name in free:
        if name in known or name in namespace or hasattr(builtins, name):
            continue
        if name in prelude.errors:
            raise prelude.errors[name]
        eval(compile(place_of_name(name, body), path, "eval"), namespace)


def _inputs(step: StepSource, free: Sequence[str], namespace: dict[str, Any], prelude: Prelude) -> list[str]:
    """Return the names that are arguments of the step: those of the batch, others that hold tensors, unknown ones."""
    found = [name for name in step.inputs if name in free]
    for name in free:
        is_given = name in namespace and _holds_tensors(namespace[name])
        is_unknown = name not in namespace and name in prelude.errors
        if name not in found and name != step.owner and (is_given or is_unknown):
            found.append(name)
    body = body_of(step)
    return [name for name in found if name in namespace or not is_called(name, body)]


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
    source: ExampleSource,
    step: StepSource,
    path: str,
    root: nn.Module,
    children: Children,
    free: Sequence[str],
    namespace: dict[str, Any],
    callers: dict[str, Any],
    prelude: Prelude,
    is_method: bool,
    on_cpu: bool,
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
    optimizers = optimizers_of(step, root, (namespace, callers), prelude)
    at = Span(path, step.loss_line, step.loss_column, step.loss_line, step.loss_column + len(step.loss))
    missing = in_no_optimizer(root, optimizers)
    return TrainingStep(
        step.loss, at, tuple(models), tuple(optimizers), (*guessed_names(source), *prelude.guessed), missing, on_cpu
    )
