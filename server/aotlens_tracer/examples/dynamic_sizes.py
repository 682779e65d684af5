"""The sizes of an example's arguments that may change: those that its options mark, and those that the code marks."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..graph.labels import argument_labels
from ..torch_private import Mark, mark, marks_on, pytree
from ..wire.example_options import DynamicSize
from ..wire.option_problems import NoSuchDimension, NoSuchSize, NotATensor, SizeOutOfBounds


@dataclass(frozen=True)
class WrongSize(Exception):
    """An option names a size that the call does not have, or one that cannot be as it says."""

    problem: NoSuchSize | NotATensor | NoSuchDimension | SizeOutOfBounds


def mark_sizes(
    sizes: Sequence[DynamicSize], function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Mark the sizes that options name as `torch._dynamo.mark_dynamic` does. Raises WrongSize."""
    leaves = dict(zip(argument_labels(function, args, kwargs), pytree.tree_leaves((args, kwargs))))
    for size in sizes:
        label = same_text(size.argument)
        if label not in leaves:
            raise WrongSize(NoSuchSize(size.argument, tuple(leaves)))
        value = leaves[label]
        if not isinstance(value, torch.Tensor):
            raise WrongSize(NotATensor(size.argument, type(value).__name__))
        if not -value.dim() <= size.dimension < value.dim():
            raise WrongSize(NoSuchDimension(size.argument, size.dimension, value.dim()))
        dimension = size.dimension % value.dim()
        _check(size, value.shape[dimension])
        mark(value, dimension, size.minimum, size.maximum)


def _check(size: DynamicSize, given: Any) -> None:
    low, high = size.minimum, size.maximum
    if type(given) is int and ((low is not None and given < low) or (high is not None and given > high)):
        raise WrongSize(SizeOutOfBounds(size.argument, size.dimension, given, low, high))


def same_text(expression: str) -> str:
    """Return an expression as the names of arguments are written: `batch['ids']` for `batch["ids"]`."""
    try:
        return ast.unparse(ast.parse(expression.strip(), mode="eval"))
    except (SyntaxError, ValueError):
        return expression


def marks_of_call(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Mapping[tuple[str, int], Mark]:
    """Return the marked dimensions of the arguments of a call, by the user's name of the argument."""
    leaves = zip(argument_labels(function, args, kwargs), pytree.tree_leaves((args, kwargs)))
    tensors = ((label, leaf) for label, leaf in leaves if isinstance(leaf, torch.Tensor))
    return {(label, dimension): found for label, leaf in tensors for dimension, found in marks_on(leaf).items()}
