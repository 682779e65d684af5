"""The dimensions of the tensors of a call, followed through its operations, and the origins of their sizes.

A mode above the fake mode sees each ATen operation. A rule (`rules/`) says which dimensions of the results are which of
the operands'. An operation without a rule makes new dimensions, of which no more is known than their sizes: a name that
is missing does less harm than a wrong one.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from ..examples.evaluate import BuiltExample
from ..graph.birthplaces import Birthplaces
from ..torch_private import Schema, TorchDispatchMode, schema_of
from ..wire.class_names import module_of_type
from ..wire.descriptor_map import Span
from ..wire.values import SizeOrigin
from .rules.operation import Operation
from .rules.registry import rule_of
from .size_origins import SizeOrigins
from .sizes import Sizes


class Dimensions(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch: __init_subclass__ has no types
    """Follows dimensions while it is entered.

    Enter it within the example's fake mode, and outside of all modes that make tensors of their own.
    """

    supports_higher_order_operators = True

    def __init__(self, example: BuiltExample, birthplaces: Birthplaces) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch does not type it
        self.sizes = Sizes()
        self.origins = SizeOrigins(example, birthplaces)
        self.patterns: list[tuple[str, tuple[int, ...], tuple[int, ...], Span | None]] = []
        self._of_tensor: Any = WeakIdKeyDictionary()

    def of(self, tensor: torch.Tensor) -> tuple[int, ...]:
        """Return the dimensions of a tensor, as indices of `sizes`. They are new ones if it is not known."""
        shape = tensor.shape
        dims: tuple[int, ...] | None = self._of_tensor.get(tensor)
        if dims is not None and len(dims) == len(shape) and all(map(self._has_size, dims, shape)):
            return dims
        holders = self.origins.holders_of(tensor)
        is_state = bool(holders) and holders[0].role != "argument"
        dims = tuple(self.sizes.new(_size(size), is_unit=is_state) for size in shape)
        for axis, dimension in enumerate(dims if holders else ()):
            self.origins.note(dimension, holders, axis)
        with contextlib.suppress(TypeError):  # a subclass that has no weak references
            self._of_tensor[tensor] = dims
        return dims

    def sizes_of(self, tensor: torch.Tensor) -> tuple[SizeOrigin | None, ...]:
        """Return the nearest origin of each size of a tensor; None where it is not known."""
        return tuple(next(iter(self.origins_of(dimension)), None) for dimension in self.of(tensor))

    def origins_of(self, dimension: int) -> tuple[SizeOrigin, ...]:
        """Return the origins of a dimension, the nearest first."""
        return self.origins.of(dimension, self.sizes)

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        """Follow what is called while this is entered, with what recurrent layers pass on."""
        handle = nn.modules.module.register_module_forward_hook(self._after_layer)
        try:
            with self, _Functions(self):
                yield
        finally:
            handle.remove()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the operation, and follow its dimensions."""
        kwargs = kwargs or {}
        known = _known(func)
        if known.is_ignored:
            return func(*args, **kwargs)
        if not known.is_whole:
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        if known.rule is None:
            return func(*args, **kwargs)
        arguments = dict(zip(known.schema.arguments, args))
        arguments.update(kwargs)
        before: dict[int, tuple[int, ...]] = {}
        if known.schema.is_mutable:
            with contextlib.suppress(Exception):  # a tensor without a shape
                tensors = [value for value in arguments.values() if isinstance(value, torch.Tensor)]
                before = {id(tensor): self.of(tensor) for tensor in tensors}
        result = func(*args, **kwargs)
        with contextlib.suppress(Exception):  # an operation in a form that its rule does not foresee
            self._follow(known, arguments, before, result)
        return result

    def forget(self, tensor: torch.Tensor, axes: Iterable[int]) -> None:
        """Give a tensor new dimensions at some axes: only by chance they have the size of the old ones."""
        dims = list(self.of(tensor))
        for axis in axes:
            if axis < len(dims):
                dims[axis] = self.sizes.new(_size(tensor.shape[axis]))
        self._of_tensor[tensor] = tuple(dims)

    def _follow(
        self, known: _Known, arguments: dict[str, Any], before: dict[int, tuple[int, ...]], result: Any
    ) -> None:
        results = result if isinstance(result, (list, tuple)) else (result,)
        tensors = [item for item in results if isinstance(item, torch.Tensor)]
        if not tensors or known.rule is None:
            return

        def dims_of(tensor: torch.Tensor) -> Any:
            return before.get(id(tensor)) or self.of(tensor)

        answer = known.rule(Operation(known.schema.name, arguments, tensors, self.sizes, dims_of))
        for tensor, dims in zip(tensors, answer or ()):
            shape = tensor.shape
            if dims is not None and len(dims) == len(shape):
                self._of_tensor[tensor] = tuple(
                    dimension if self._has_size(dimension, size) else self.sizes.new(_size(size))
                    for dimension, size in zip(dims, shape)
                )

    def _has_size(self, dimension: int, size: Any) -> bool:
        known = self.sizes.sizes[dimension]
        return known == size if type(size) is int else known is None

    def _after_layer(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        with contextlib.suppress(Exception):  # a layer of the user's that returns what no layer of torch's does
            self._note_layer(module, args, output)

    def _note_layer(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Note what recurrent layers and those of einops pass on."""
        given, made = next(iter(args), None), output[0] if isinstance(output, tuple) and output else output
        if not isinstance(given, torch.Tensor) or not isinstance(made, torch.Tensor):
            return
        if isinstance(module, nn.RNNBase) and given.dim() == made.dim():
            pairs = zip(self.of(given)[:-1], made.shape)
            kept = [one if self._has_size(one, size) else self.sizes.new(_size(size)) for one, size in pairs]
            last = self.of(made)[-1]
            inner = (
                self.of(module.get_parameter("weight_hh_l0"))[-1]
                if not module.bidirectional and not module.proj_size
                else last
            )
            self.sizes.join(last, inner)
            self._of_tensor[made] = (*kept, inner if self._has_size(inner, made.shape[-1]) else last)
        elif module_of_type(type(module)).startswith("einops."):
            pattern = getattr(module, "pattern", None)
            if isinstance(pattern, str) and "->" in pattern:
                self.patterns.append((pattern, self.of(given), self.of(made), self.origins.place_of(module)))


class _Functions(TorchFunctionMode):
    """Looks for what operations do not tell: slices that are whole by chance (`mask[:t]`), and numbers of pieces."""

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        self._dimensions = dimensions

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function."""
        sizes = self._dimensions.sizes
        sizes.are_pieces_counted = func is torch.chunk or func is torch.Tensor.chunk
        try:
            result = func(*args, **(kwargs or {}))
        finally:
            sizes.are_pieces_counted = False
        if func is torch.Tensor.__getitem__ and isinstance(result, torch.Tensor):
            with contextlib.suppress(Exception):  # a tensor without a shape
                axes = _axes_with_an_end(args[0].dim(), args[1])
                if axes:
                    self._dimensions.forget(result, axes)
        return result


def _axes_with_an_end(rank: int, key: Any) -> list[int]:
    """Return the axes of the result of `tensor[key]` for which `key` has a slice with a start or an end.

    These are all that `key` covers if it has tensors or lists too.
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    if not any(isinstance(each, slice) and (each.start, each.stop) != (None, None) for each in keys):
        return []
    if any(not isinstance(each, (slice, int, type(None), type(...))) or isinstance(each, bool) for each in keys):
        return list(range(rank + len(keys)))
    used = sum(isinstance(each, (slice, int)) for each in keys)
    axes, place = [], 0
    for each in keys:
        if each is ...:
            place += rank - used
        elif not isinstance(each, int):
            if isinstance(each, slice) and (each.start not in (None, 0) or each.stop is not None):
                axes.append(place)
            place += 1
    return axes


class _Known:
    """The facts of an operation that following its dimensions needs, read once."""

    def __init__(self, func: Any) -> None:
        schema = schema_of(func)
        self.is_ignored = schema is None or schema.name.startswith("prim::")
        self.schema = schema or Schema("", (), False, False)
        is_pointwise = torch.Tag.pointwise in getattr(func, "tags", ())
        self.rule = rule_of(self.schema.name, is_pointwise)
        self.is_whole = self.rule is not None or not self.schema.is_composite


@functools.cache
def _known(func: Any) -> _Known:
    return _Known(func)


def _size(size: Any) -> int | None:
    return size if type(size) is int else None
