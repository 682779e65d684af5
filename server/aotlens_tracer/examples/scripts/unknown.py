"""Inputs of a training step that no code shows: the module for which a search guesses them, and what it finds."""

from __future__ import annotations

import ast
import types
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from ...torch_private import FakeTensorMode
from ...wire.protocol import ExampleSource
from ...wire.statements import Statement
from ..inferred.reading.definitions import DEFINITION

GUESSED = "<guessed inputs>"
"""The path of statements that give guessed values to inputs."""


@dataclass(frozen=True)
class Unguessed:
    """The inputs of a step that have no values.

    `module` is to be called with them alone, in the order of `names`; it lives in `mode`, None for real tensors.
    `sizes` are the integers of the script by name, and `error` the first reason why a value is not known, None if no
    code shows one.
    """

    names: tuple[str, ...]
    module: nn.Module
    mode: FakeTensorMode | None
    sizes: dict[str, int]
    error: BaseException | None = None


class UnknownInputs(Exception):
    """A step cannot be called, because inputs of it have no values."""

    def __init__(self, unguessed: Unguessed) -> None:
        super().__init__(*unguessed.names)
        self.unguessed = unguessed


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


def with_guess(source: ExampleSource, names: Sequence[str], expression: str) -> ExampleSource:
    """Return a source whose set-up ends with the arguments of a guessed call as the values of some names."""
    call = ast.parse(expression.strip(), mode="eval").body
    assert isinstance(call, ast.Call)
    given = dict(zip(names, call.args)) | {each.arg: each.value for each in call.keywords if each.arg}
    made = (Statement(f"{name} = {ast.unparse(value)}", GUESSED, 1) for name, value in given.items())
    return replace(source, prelude=(*source.prelude, *made))


def guessed_names(source: ExampleSource) -> tuple[str, ...]:
    """Return the inputs of a step whose values were guessed."""
    return tuple(each.text.partition(" = ")[0] for each in source.prelude if each.path == GUESSED)
