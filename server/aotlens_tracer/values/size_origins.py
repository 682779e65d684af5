"""The origins of sizes: parameters and buffers as the code names them, and the arguments of the call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..examples.evaluate import BuiltExample
from ..graph.birthplaces import Birthplaces
from ..graph.labels import argument_labels
from ..torch_private import pytree
from ..wire.values import SizeOrigin, SizeRole
from .sizes import Sizes

MOST_ORIGINS = 3
"""The number of origins that are given of one dimension."""


@dataclass(frozen=True)
class Holder:
    """A tensor that sizes come from: the FQN of a parameter or buffer, or the label of an argument."""

    role: SizeRole
    name: str


class SizeOrigins:
    """The origins of dimensions."""

    def __init__(self, example: BuiltExample, birthplaces: Birthplaces) -> None:
        self._root = example.module
        self._birthplaces = birthplaces
        self._holders: dict[int, Holder] = {}
        self._alive: list[torch.Tensor] = []
        self._noted: dict[int, tuple[Holder, int]] = {}
        self._read: dict[Holder, SizeOrigin] = {}
        with contextlib.suppress(Exception):  # a class of the user's that pytree cannot flatten
            labels = argument_labels(example.function, example.args, example.kwargs)
            self._hold("argument", zip(labels, pytree.tree_leaves((example.args, example.kwargs))))
        if self._root is not None:
            self._hold("parameter", self._root.named_parameters())
            self._hold("buffer", self._root.named_buffers())

    def _hold(self, role: SizeRole, named: Iterator[tuple[str, Any]]) -> None:
        for name, tensor in named:
            if isinstance(tensor, torch.Tensor) and id(tensor) not in self._holders:
                self._holders[id(tensor)] = Holder(role, name)
                self._alive.append(tensor)  # so that Python does not reuse its id

    def role_of(self, tensor: torch.Tensor) -> Holder | None:
        """Return what a tensor is, if sizes come from it."""
        return self._holders.get(id(tensor))

    def note(self, dimension: int, holder: Holder, axis: int) -> None:
        """Note the origin of a dimension."""
        self._noted[dimension] = holder, axis

    def of(self, dimension: int, sizes: Sizes) -> tuple[SizeOrigin, ...]:
        """Return the origins of a dimension: its own, then the first of those that are the same."""
        found: dict[SizeOrigin, None] = {}
        for each in (dimension, *sizes.same(dimension)):
            if each in self._noted:
                found.setdefault(self._origin(*self._noted[each]))
            if len(found) == MOST_ORIGINS:
                break
        return tuple(found)

    def _origin(self, holder: Holder, axis: int) -> SizeOrigin:
        if holder not in self._read:
            self._read[holder] = self._read_origin(holder)
        origin = self._read[holder]
        return SizeOrigin(origin.role, origin.text, origin.span, axis)

    def _read_origin(self, holder: Holder) -> SizeOrigin:
        if holder.role == "argument" or self._root is None:
            return SizeOrigin(holder.role, holder.name)
        span = self._birthplaces.of_tensor(self._root, holder.name)
        return SizeOrigin(holder.role, as_written(self._root, holder.name), span)


def as_written(root: nn.Module, fqn: str) -> str:
    """Return how the user's class that holds a parameter or buffer names it: `self.up`, `self.layers[0]`.

    The weight of a layer of torch's is named by its layer.
    """
    owners = [root]
    names = fqn.split(".")
    for name in names[:-1]:
        child = dict(owners[-1].named_children()).get(name)
        if child is None:
            return fqn
        owners.append(child)
    user = max((depth for depth, owner in enumerate(owners) if not _is_torch(owner)), default=None)
    if user is None:
        return fqn
    path = names[user:-1] or names[user:]
    text = "self"
    for name in path:
        text += f"[{name}]" if name.isdigit() else f".{name}"
    return text


def _is_torch(module: nn.Module) -> bool:
    return type(module).__module__.partition(".")[0] == "torch"
