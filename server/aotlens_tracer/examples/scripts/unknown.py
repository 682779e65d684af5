"""Inputs of a training step that no code shows: the module for which a search guesses them, and what it finds."""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from ...torch_private import FakeTensorMode
from ...wire.protocol import ExampleSource
from ...wire.statements import Statement
from ..inferred.reading.definitions import DEFINITION

_MOST_PARTS = 8
"""The most items of a batch that are told apart."""
GUESSED = "<guessed inputs>"
"""The path of statements that give guessed values to inputs."""


@dataclass(frozen=True)
class Unguessed:
    """The inputs of a step that have no values.

    `module` is to be called with them alone, in the order of `names`; it lives in `mode`, None for real tensors. A
    batch that the step unpacks first, `x, y = batch`, has its parts there; `packed` has their names by that of the
    batch, None for a part that the step does not use.
    `sizes` are the integers of the script by name, and `error` the first reason why a value is not known, None if no
    code shows one.
    With `has_items`, the one input is a dictionary, and `module` is the one that takes its items by name.
    """

    names: tuple[str, ...]
    module: nn.Module
    mode: FakeTensorMode | None
    sizes: dict[str, int]
    error: BaseException | None = None
    packed: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    has_items: bool = False


class UnknownInputs(Exception):
    """A step cannot be called, because inputs of it have no values."""

    def __init__(self, unguessed: Unguessed) -> None:
        super().__init__(*unguessed.names)
        self.unguessed = unguessed


class UnknownOwner(Exception):
    """A step stands in a method, and no code shows an object of the class. `name` is that of the object, `self`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def step_alone(root: nn.Module, function: types.FunctionType, definition: ast.FunctionDef) -> nn.Module:
    """Return a module whose call is a step of `root`. Its `forward` is there to be read."""
    setattr(function, DEFINITION, definition)

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        with torch.enable_grad():
            return function(root, *args, **kwargs)

    names = {"forward": function, "__call__": call, "__module__": type(root).__module__}
    made: nn.Module = object.__new__(type(type(root).__name__, (type(root),), names))
    made.__dict__.update(vars(root))
    return made


def unpacked(name: str, body: Sequence[ast.stmt]) -> tuple[ast.stmt, list[str | None]] | None:
    """Return the statement `x, y = NAME` that alone reads a name, and the names of the parts; None if there is none.

    A part that nothing reads is None.
    """
    nodes = [node for part in body for node in ast.walk(part)]
    read = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    for node in body:
        is_read = isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == name
        if not is_read or not isinstance(node, ast.Assign) or read.count(name) > 1:
            continue
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and all(isinstance(each, ast.Name) for each in target.elts):
            parts = [each.id for each in target.elts if isinstance(each, ast.Name)]
            return node, [part if part in read else None for part in parts]
    return None


def indexed(name: str, body: Sequence[ast.stmt]) -> tuple[list[ast.stmt], list[str | None]] | None:
    """Return a body that has names in the place of `NAME[0]` and `NAME[2]`, and these names by their index.

    None if the body reads the name in another way. An index that nothing reads has None.
    """
    items = [node for part in body for node in ast.walk(part) if _index_of(node, name) is not None]
    reads = sum(isinstance(node, ast.Name) and node.id == name for part in body for node in ast.walk(part))
    if not items or reads != len(items):
        return None
    known = {_index_of(node, name) for node in items}
    parts = [f"{name}_{index}" if index in known else None for index in range(_MOST_PARTS)]
    while parts[-1] is None:
        parts.pop()
    replaced = _Parts(name)
    return [replaced.visit(copy.deepcopy(node)) for node in body], parts


def _index_of(node: ast.AST, name: str) -> int | None:
    """Return the index in `NAME[INDEX]`, if it is one of the first items that is read; else None."""
    is_item = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
    if not is_item or not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
        return None
    index = node.slice.value
    is_of_name = isinstance(node.value, ast.Name) and node.value.id == name
    return index if is_of_name and type(index) is int and 0 <= index < _MOST_PARTS else None


class _Parts(ast.NodeTransformer):
    """Puts `NAME_0` in the place of `NAME[0]`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        index = _index_of(node, self._name)
        if index is None:
            return self.generic_visit(node)
        return ast.copy_location(ast.Name(f"{self._name}_{index}", ast.Load()), node)


def with_guess(source: ExampleSource, unguessed: Unguessed, expression: str) -> ExampleSource:
    """Return a source whose set-up ends with the arguments of a guessed call as the values of the inputs."""
    call = ast.parse(expression.strip(), mode="eval").body
    assert isinstance(call, ast.Call)
    if unguessed.has_items:
        return _with_statements(source, {unguessed.names[0]: f"dict({', '.join(map(ast.unparse, call.keywords))})"})
    given = {name: ast.unparse(value) for name, value in zip(unguessed.names, call.args)}
    given |= {each.arg: ast.unparse(each.value) for each in call.keywords if each.arg}
    for name, parts in unguessed.packed.items():
        given[name] = f"({', '.join(given.pop(part, 'None') if part else 'None' for part in parts)},)"
    return _with_statements(source, given)


def _with_statements(source: ExampleSource, given: Mapping[str, str]) -> ExampleSource:
    made = (Statement(f"{name} = {value}", GUESSED, 1) for name, value in given.items())
    return replace(source, prelude=(*source.prelude, *made))


def with_owner(source: ExampleSource, name: str, expression: str) -> ExampleSource:
    """Return a source whose set-up makes the object of a method by a guessed expression, before the method begins."""
    frame = source.step.frame if source.step is not None else 0
    made = Statement(f"{name} = {expression}", GUESSED, 1)
    return replace(source, prelude=(*source.prelude[:frame], made, *source.prelude[frame:]))


def guessed_names(source: ExampleSource) -> tuple[str, ...]:
    """Return the inputs of a step whose values were guessed."""
    return tuple(each.text.partition(" = ")[0] for each in source.prelude if each.path == GUESSED)
