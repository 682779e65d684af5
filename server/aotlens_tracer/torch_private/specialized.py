"""Sizes that torch.compile takes as symbols and that the code makes constants (`torch/fx/experimental`)."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx.experimental.symbolic_shapes import ConstraintViolationError
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from .marks import STRICT, WEAK


@dataclass(frozen=True)
class SpecializedSize:
    """The size of a dimension that became a constant: of the tensor with the source `base`, at the end of `stack`."""

    base: str
    dimension: int
    size: int
    stack: traceback.StackSummary


def specialized_sizes(shape_env: Any) -> list[SpecializedSize]:
    """Return the sizes that became constants while a graph was made."""
    found = []
    symbols = {source: symbol for symbol, sources in shape_env.var_to_sources.items() for source in sources}
    for source, stack in shape_env.specialization_stacks.items():
        with contextlib.suppress(Exception):  # a stride, a number, or a symbol that is no constant after all
            if source.prop.name == "SIZE" and stack:
                name = source.base.name
                size = int(shape_env.replacements[symbols[source]])
                found.append(SpecializedSize(name() if callable(name) else name, source.idx, size, stack))
    return found


def is_constraint_violation(error: BaseException) -> bool:
    """Whether torch refuses a call because the code makes a size constant that is marked dynamic."""
    return isinstance(error, ConstraintViolationError)


def _marks_of(value: torch.Tensor) -> tuple[frozenset[int], frozenset[int]]:
    """Return the dimensions of a tensor that are marked by `mark_dynamic`, and those by `maybe_mark_dynamic`."""
    return frozenset(getattr(value, STRICT, ())), frozenset(getattr(value, WEAK, ()))


def weaken_marks(tree: Any) -> Mapping[int, frozenset[int]]:
    """Mark all dimensions as `maybe_mark_dynamic` does; return those of `mark_dynamic`, by the ids of the tensors."""
    found = {}
    for tensor in _with_pieces(pytree.tree_leaves(tree)):
        strict, weak = _marks_of(tensor)
        if strict:
            found[id(tensor)] = strict
            delattr(tensor, STRICT)
            setattr(tensor, WEAK, set(strict | weak))
    return found


def _with_pieces(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    """Yield tensors, and the pieces of those that are tensor subclasses."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
            if is_traceable_wrapper_subclass(value):
                yield from _with_pieces(getattr(value, name) for name in value.__tensor_flatten__()[0])
