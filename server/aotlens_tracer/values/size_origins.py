"""The origins of sizes: parameters and buffers as the code names them, and the arguments of the call."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..examples.evaluate import BuiltExample
from ..graph.birthplaces import Birthplaces
from ..graph.labels import argument_labels
from ..torch_private import class_of, names_of_buffers, names_of_parameters, own_module, own_tensor, pytree
from ..wire.class_names import module_of_type
from ..wire.descriptor_map import Span
from ..wire.values import SizeOrigin, SizeRole
from .naming.code import Code, span_of_node
from .naming.constructors import size_in_constructor, sizes_of_tensor
from .naming.given import size_text
from .sizes import Sizes

MOST_ORIGINS = 3
"""The number of origins that are given of one dimension."""


@dataclass(frozen=True)
class Holder:
    """A tensor that sizes come from: the FQN of a parameter or buffer, or the label of an argument."""

    role: SizeRole
    name: str


@dataclass(frozen=True)
class WrittenSize:
    """A size as the code of a constructor writes it, and its place."""

    text: str
    path: str
    line: int


class SizeOrigins:
    """The origins of dimensions."""

    def __init__(self, example: BuiltExample, birthplaces: Birthplaces) -> None:
        self._root = example.module
        self._birthplaces = birthplaces
        self._holders: dict[int, list[Holder]] = {}
        self._alive: list[torch.Tensor] = []
        self._noted: dict[int, tuple[Sequence[Holder], int]] = {}
        self._same: dict[int, list[int]] = {}
        self._state_of_same = (-1, -1)
        self.code = Code()
        self._read: dict[Holder, SizeOrigin] = {}
        self._expressions: dict[tuple[Holder, int], tuple[str, ast.expr] | None] = {}
        with contextlib.suppress(Exception):  # a class of the user's that pytree cannot flatten
            labels = argument_labels(example.function, example.args, example.kwargs)
            self._hold("argument", zip(labels, pytree.tree_leaves((example.args, example.kwargs))))
        if self._root is not None:
            self._hold("parameter", names_of_parameters(self._root))
            self._hold("buffer", names_of_buffers(self._root))

    def _hold(self, role: SizeRole, named: Iterator[tuple[str, Any]]) -> None:
        for name, tensor in named:
            if isinstance(tensor, torch.Tensor):
                self._holders.setdefault(id(tensor), []).append(Holder(role, name))
                self._alive.append(tensor)  # so that Python does not reuse its id

    def holders_of(self, tensor: torch.Tensor) -> Sequence[Holder]:
        """Return what a tensor is, if sizes come from it; a parameter that layers share is several."""
        return self._holders.get(id(tensor), ())

    def note(self, dimension: int, holders: Sequence[Holder], axis: int) -> None:
        """Note the origin of a dimension."""
        self._noted[dimension] = holders, axis

    def place_of(self, module: nn.Module) -> Span | None:
        """Return the birthplace of a module; None if it is not known."""
        return self._birthplaces.of_creation(module)

    def written(self) -> Iterator[tuple[int, WrittenSize]]:
        """Yield the dimensions of the module's state whose sizes the code writes as names, with these."""
        for dimension, (holders, axis) in self._noted.items():
            for holder in holders:
                written = self._written(holder, axis)
                text = size_text(written[1]) if written is not None else None
                if written is not None and text is not None:
                    yield dimension, WrittenSize(text, written[0], written[1].lineno)

    def _written(self, holder: Holder, axis: int) -> tuple[str, ast.expr] | None:
        """Return the expression that gives an axis of a parameter or buffer its size, and its file."""
        key = holder, axis
        if key not in self._expressions:
            self._expressions[key] = self._read_written(holder, axis)
        return self._expressions[key]

    def _read_written(self, holder: Holder, axis: int) -> tuple[str, ast.expr] | None:
        span = self._origin(holder, axis).span
        call = self.code.call_at(span) if span is not None else None
        if self._root is None or span is None or call is None:
            return None
        *path, name = holder.name.split(".")
        owners = [self._root]
        for part in path:
            child = own_module(owners[-1], part)
            if child is None:
                return None
            owners.append(child)
        for depth in range(len(owners) - 1, -1, -1):
            if self._birthplaces.of_creation(owners[depth]) == span:
                inner = ".".join((*path[depth:], name))
                size = size_in_constructor(owners[depth], call, inner, axis)
                if size is not None:
                    return span.path, size
        sizes = sizes_of_tensor(call)
        tensor = own_tensor(owners[-1], name)
        if sizes is None or tensor is None or len(sizes) != tensor.dim():
            return None
        return span.path, sizes[axis]

    def of(self, dimension: int, sizes: Sizes) -> tuple[SizeOrigin, ...]:
        """Return the origins of a dimension: its own, with what the code writes there, then those of the same ones."""
        found: dict[SizeOrigin, None] = {}
        own = [dimension] if dimension in self._noted else []
        for each in (*own, *self._noted_same(dimension, sizes)):
            holders, axis = self._noted[each]
            found.setdefault(self._origin(holders[0], axis))
            for written in filter(None, (self._written_origin(holder, axis) for holder in holders[:2])):
                found.setdefault(written)
            if len(found) >= MOST_ORIGINS:
                break
        return tuple(found)[:MOST_ORIGINS]

    def _noted_same(self, dimension: int, sizes: Sizes) -> Sequence[int]:
        """Return the dimensions with an origin that are the same as this one, the oldest first."""
        state = sizes.joins, len(self._noted)
        if state != self._state_of_same:
            self._state_of_same, self._same = state, {}
            for each in self._noted:
                self._same.setdefault(sizes.root(each), []).append(each)
        return self._same.get(sizes.root(dimension), ())

    def _written_origin(self, holder: Holder, axis: int) -> SizeOrigin | None:
        """Return the number, or the argument of a constructor, that gives an axis of the state its size."""
        written = self._written(holder, axis)
        if written is None:
            return None
        path, size = written
        role: SizeRole = "constant" if isinstance(size, ast.Constant) else "constructor"
        if role == "constructor" and size_text(size) is None:
            return None
        return SizeOrigin(role, ast.unparse(size), span_of_node(path, size))

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
        child = own_module(owners[-1], name)
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
    return module_of_type(class_of(module)).partition(".")[0] == "torch"
