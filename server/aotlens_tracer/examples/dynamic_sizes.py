"""The sizes of an example's arguments that may change: those that its options mark, and those that the code marks."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..graph.labels import argument_labels
from ..torch_private import Mark, is_traceable_wrapper_subclass, mark, marks_on, pytree
from ..wire.example_options import DynamicSize
from ..wire.option_faults import Fault, WrongOption


@dataclass(frozen=True)
class MarkOfArgument:
    """A marked size of an argument: torch's mark, and the option that made it; None for a mark of the user's code.

    `size` is the size in the example, None if it is not a number.
    """

    mark: Mark
    option: DynamicSize | None
    size: int | None


def mark_size(
    size: DynamicSize, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> WrongOption | None:
    """Mark the size that an option names, as the user's own code would; return why that cannot be."""
    leaves = dict(zip(argument_labels(function, args, kwargs), pytree.tree_leaves((args, kwargs))))
    label = _same_text(size.argument)
    if label not in leaves:
        tensors = (name for name, leaf in leaves.items() if isinstance(leaf, torch.Tensor))
        return _wrong(size, "no-argument", names=tuple(tensors))
    value = leaves[label]
    if not isinstance(value, torch.Tensor):
        return _wrong(size, "no-tensor")
    if not -value.dim() <= size.dimension < value.dim():
        return _wrong(size, "no-such-dimension", value.dim())
    dimension = size.dimension % value.dim()
    given = value.shape[dimension]
    low, high = size.minimum, size.maximum
    if type(given) is int and ((low is not None and given < low) or (high is not None and given > high)):
        return _wrong(size, "size-outside", given)
    mark(value, dimension, low, high, size.is_strict)
    return None


def is_marked_unbacked(tree: Any) -> bool:
    """Whether a size of a tensor in a pytree is marked by `mark_unbacked`."""
    tensors = (leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, torch.Tensor))
    return any(mark.strength == "unbacked" for tensor in tensors for mark in marks_on(tensor).values())


def _wrong(size: DynamicSize, fault: Fault, number: int | None = None, names: tuple[str, ...] = ()) -> WrongOption:
    given = {"name": size.name, "min": size.minimum, "max": size.maximum}
    more = "".join(f", {key}={value!r}" for key, value in given.items() if value is not None)
    return WrongOption(f"{size.argument}: dynamic({size.dimension}{more})", fault, names, number)


def _same_text(expression: str) -> str:
    """Return an expression as the names of arguments are written: `batch['ids']` for `batch["ids"]`."""
    try:
        return ast.unparse(ast.parse(expression.strip(), mode="eval"))
    except (SyntaxError, ValueError):
        return expression


def marks_of_call(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], sizes: tuple[DynamicSize, ...]
) -> Mapping[tuple[str, int], MarkOfArgument]:
    """Return the marked sizes of a call's arguments, and of the pieces of those that are tensor subclasses.

    The keys are the user's name of the tensor and the number of the dimension.
    """
    found: dict[tuple[str, int], MarkOfArgument] = {}
    for label, leaf in zip(argument_labels(function, args, kwargs), pytree.tree_leaves((args, kwargs))):
        if isinstance(leaf, torch.Tensor):
            own = {size.dimension % leaf.dim(): size for size in sizes if _same_text(size.argument) == label}
            found.update(_marks(label, leaf, own))
    return found


def _marks(
    label: str, value: torch.Tensor, options: Mapping[int, DynamicSize]
) -> Iterator[tuple[tuple[str, int], MarkOfArgument]]:
    """Yield the marks of a tensor. Torch marks the pieces of a subclass too, if they have as many dimensions."""
    for dimension, found in marks_on(value).items():
        size = value.shape[dimension] if -value.dim() <= dimension < value.dim() else None
        yield (label, dimension), MarkOfArgument(found, options.get(dimension), size if type(size) is int else None)
    if is_traceable_wrapper_subclass(value):
        for name in value.__tensor_flatten__()[0]:
            piece = getattr(value, name, None)
            if isinstance(piece, torch.Tensor):
                same = options if piece.dim() == value.dim() else {}
                yield from _marks(f"{label}.{name}", piece, same)
