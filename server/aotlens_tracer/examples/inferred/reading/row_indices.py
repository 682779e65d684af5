"""The parameters of a function that pick rows of its other tensors: `x[source]`."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

from ..tables.input_names import input_kind
from .definitions import definition_of

_OTHER_KINDS = ("mask", "positions", "image")
"""Kinds of input, by name, that pick something else than rows, or are no indices."""


@functools.cache
def row_indices(function: Callable[..., Any]) -> frozenset[str]:
    """The names of these parameters. Those that pick from an attribute, as from a table of weights, do not count."""
    definition = definition_of(function)
    if definition is None:
        return frozenset()
    arguments = definition.args
    parameters = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    loops = (node.target for node in ast.walk(definition) if isinstance(node, (ast.For, ast.comprehension)))
    bound = {node.id for target in loops for node in ast.walk(target) if isinstance(node, ast.Name)}
    found = {
        node.slice.id
        for node in ast.walk(definition)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.slice, ast.Name)
        and isinstance(node.value, ast.Name)
    }
    return frozenset(name for name in found & parameters - bound if input_kind(name) not in _OTHER_KINDS)
