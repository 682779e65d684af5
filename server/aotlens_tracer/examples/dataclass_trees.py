"""Dataclasses that hold tensors, as pytrees."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..failures import EndlessValue
from ..graph.endless import contained_in_itself
from ..graph.labels import named_arguments
from ..torch_private import pytree
from ..wire.problems import ContainsItself


def register_in_arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Make pytree nodes of the dataclasses in the arguments of a call; return whether there was one.

    Raises EndlessValue.
    """
    return _register((args, kwargs), lambda: named_arguments(function, args, kwargs), False)


def register_in_result(result: Any) -> bool:
    """Make pytree nodes of the dataclasses in the result of a call; return whether there was one.

    Raises EndlessValue.
    """
    return _register(result, lambda: {"output": result}, True)


def _register(tree: Any, named: Callable[[], Mapping[str, Any]], is_result: bool) -> bool:
    """Torch flattens only types that are registered; a plain dataclass would count as one opaque value."""
    try:
        return _register_all(tree)
    except RecursionError as error:
        found = contained_in_itself(named())
        if found is None:
            raise
        raise EndlessValue(ContainsItself(*found, is_result)) from error


def _register_all(tree: Any) -> bool:
    found = False
    pending = [tree]
    while pending:
        leaves = pytree.tree_leaves(pending.pop(), is_leaf=None)
        for leaf in leaves:
            if dataclasses.is_dataclass(leaf) and not isinstance(leaf, (type, torch.Tensor)):
                with contextlib.suppress(ValueError):
                    torch.export.register_dataclass(type(leaf))
                    found = True
                    pending.append(leaf)
    return found
