"""The arguments that each tensor of a call was computed from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from .values import Path


class Origins:
    """The arguments that tensors of one call come from, by their paths.

    Sizes are not followed: a tensor that is made of `x.shape[1]` does not come from `x`. The tensors are kept, so that
    none takes the identity of another one.
    """

    def __init__(self) -> None:
        self._paths: dict[int, frozenset[Path]] = {}
        self._kept: list[torch.Tensor] = []
        self.operands: tuple[torch.Tensor, ...] = ()
        """The tensors that the operation which failed was given; empty if no operation failed."""

    def begin(self, path: Path, tensor: Any) -> None:
        """Note that `tensor` is the argument at `path`."""
        self._add(tensor, frozenset((path,)))

    def note(self, given: Iterable[Any], result: Any) -> None:
        """Note the result of an operation on the values `given`."""
        found: frozenset[Path] = frozenset()
        for tensor in tensors_within(given):
            found |= self._paths.get(id(tensor), frozenset())
        if found:
            for tensor in tensors_within((result,)):
                self._add(tensor, found)

    def failed(self, given: Iterable[Any]) -> None:
        """Note the operands of an operation that failed."""
        if not self.operands:
            self.operands = tuple(tensors_within(given))

    def of(self, tensor: object) -> frozenset[Path]:
        """The paths of the arguments that a tensor comes from; none for weights, for example."""
        return self._paths.get(id(tensor), frozenset())

    def _add(self, tensor: Any, paths: frozenset[Path]) -> None:
        if isinstance(tensor, torch.Tensor):
            self._kept.append(tensor)
            self._paths[id(tensor)] = self._paths.get(id(tensor), frozenset()) | paths


def tensors_within(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    """The tensors among values, and in lists, tuples and dictionaries among them."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_within(value)
        elif isinstance(value, dict):
            yield from tensors_within(value.values())
