"""An example whose call passes more arguments than its text says, or fewer, because the user wants to see that."""

from __future__ import annotations

import ast
import inspect
import types
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ..failures import TraceError, problem_of
from ..graph.birthplaces import Birthplaces
from ..wire.descriptor_map import Failure
from ..wire.example_texts import split
from ..wire.problems import NoValueFound
from ..wire.protocol import ExampleSource
from ..wire.raised import Raised
from .evaluate import BuiltExample
from .inferred.attempts import Runner, Target
from .inferred.budget import Budget
from .inferred.calling.inputs import Inputs
from .inferred.loss.passing import Passing
from .inferred.namespace import Names
from .inferred.values import Arguments, Written

_GIVEN = "_aotlens_given"


def is_changed(source: ExampleSource) -> bool:
    """Whether the call of an example is to be changed."""
    return bool(source.passed or source.left_out)


def changed_text(
    source: ExampleSource, example: BuiltExample, module: types.ModuleType, birthplaces: Birthplaces
) -> ExampleSource:
    """Return an example with the text of the changed call. Raises TraceError if no values were found for it."""
    names = _parameters(example)
    parts = split(source.expression)
    call = parts.call
    kept: list[ast.expr] = []
    keywords = [each for each in call.keywords if each.arg not in source.left_out]
    for index, argument in enumerate(call.args):
        name = names[index] if index < len(names) else None
        if name in source.left_out:
            continue
        if len(kept) < index and name is not None:  # one before it was left out
            keywords.insert(0, ast.keyword(name, argument))
        else:
            kept.append(argument)
    for name, text in _added(source, example, module, birthplaces).items():
        keywords.append(ast.keyword(name, ast.parse(text, mode="eval").body))
    text = ast.unparse(ast.fix_missing_locations(ast.Call(call.func, kept, keywords)))
    changed = source.expression.strip().replace(parts.call_text, text, 1)
    return replace(source, expression=changed, passed=(), left_out=())


def changed_arguments(
    source: ExampleSource, example: BuiltExample, module: types.ModuleType, birthplaces: Birthplaces
) -> BuiltExample:
    """Return a recorded example with the changed arguments. Raises TraceError as `changed_text` does."""
    names = _parameters(example)
    given = dict(zip(names, example.args)) | example.kwargs
    kept = {name: value for name, value in given.items() if name not in source.left_out}
    with example.fake():
        values = Names(module).values
        added = {n: eval(text, dict(values)) for n, text in _added(source, example, module, birthplaces).items()}
    return replace(example, args=(), kwargs=kept | added)


def _added(
    source: ExampleSource, example: BuiltExample, module: types.ModuleType, birthplaces: Birthplaces
) -> dict[str, str]:
    """Return the values of the arguments that are to be passed besides, each as an expression."""
    names = _parameters(example)
    given = dict(zip(names, example.args)) | example.kwargs
    # A None that was passed, or recorded, stands for an argument that was left out.
    given = {name: value for name, value in given.items() if value is not None and name not in source.left_out}
    wanted = tuple(name for name in source.passed if name not in given)
    callee = example.function
    if not wanted or not isinstance(callee, nn.Module):
        return {}
    values = {**Names(module).values, _GIVEN: given}
    arguments: Arguments = {name: Written(f"{_GIVEN}[{name!r}]") for name in given}
    inputs, notes = Inputs(callee), _Notes()
    found: Arguments | None = None
    if example.mode is None:  # real weights: a call costs too much to try several
        found = {name: inputs.candidates(name)[0] for name in wanted}
    else:
        runner = Runner(values, birthplaces, Budget(), None)
        target = Target("", callee, example.mode)
        shapes = tuple(tuple(value.shape) for value in given.values() if isinstance(value, torch.Tensor))
        passing = Passing(runner, target, inputs, arguments, notes.attempt, lambda rule, error: None, shapes)
        found = passing.with_names(wanted)
    if found is None:
        raise TraceError(Failure("example", "error", NoValueFound(wanted, notes.first), source.path, source.line))
    return {name: value.expression for name, value in found.items() if name not in given}


class _Notes:
    """Keeps the first failure."""

    def __init__(self) -> None:
        self.first: Raised | None = None

    def attempt(self, expression: str, error: BaseException, rule: str | None) -> None:
        """Note a call that failed."""
        problem = problem_of(error)
        self.first = self.first or (problem if isinstance(problem, Raised) else None)


def _parameters(example: BuiltExample) -> list[str]:
    """Return the names of the parameters of the call that can be given by position."""
    callee: Any = example.function.forward if isinstance(example.function, nn.Module) else example.function
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, each in inspect.signature(callee).parameters.items() if each.kind in kinds]
