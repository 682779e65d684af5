"""The collective operations that DTensor runs to give a tensor other placements."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from .collectives import Group, collective_of, group_named
from .subclass_metadata import placed
from .tensors import TorchDispatchMode, is_traceable_wrapper_subclass

__all__ = ["Moved", "redistributed"]

_LOGGERS = ("torch.distributed.tensor._redistribute", "torch._logging._internal")
"""Loggers that warn about a redistribution: nobody has asked for this one."""


@dataclass(frozen=True)
class Moved:
    """A collective operation: torch's name of it, its group, and the tensor that the rank gives into it."""

    kind: str
    group: Group
    given: Any


def redistributed(value: Any, placements: Sequence[Any]) -> list[Moved] | None:
    """Return the collective operations by which a DTensor gets other placements on its mesh, in their order.

    A fake tensor of the same sizes is redistributed by torch itself. None for a value that is no DTensor, for one whose
    local tensor is a subclass too or has a size without a hint, and where torch refuses the placements.
    """
    now = placed(value)
    local = getattr(value, "_local_tensor", None)
    if now is None or not isinstance(local, torch.Tensor) or is_traceable_wrapper_subclass(local):
        return None
    shape, stride = _known(local.shape), _known(local.stride())
    whole_shape, whole_stride = _known(value.shape), _known(value.stride())
    if shape is None or stride is None or whole_shape is None or whole_stride is None:
        return None
    like = _Like(shape, stride, whole_shape, whole_stride, local.dtype, local.device)
    found = _redistributed(like, now.mesh, tuple(now.placements), tuple(placements))
    return list(found) if found is not None else None


@dataclass(frozen=True)
class _Like:
    """The local tensor of a DTensor, and the whole: sizes, strides in elements, type and device."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    whole_shape: tuple[int, ...]
    whole_stride: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device


@functools.lru_cache(maxsize=256)  # the layers of a model have the same few
def _redistributed(like: _Like, mesh: Any, now: tuple[Any, ...], then: tuple[Any, ...]) -> tuple[Moved, ...] | None:
    from torch.distributed.tensor import DTensor

    noting = _Noting(mesh)
    try:
        with FakeTensorMode(), torch.no_grad(), _quiet():
            given = torch.empty_strided(like.shape, like.stride, dtype=like.dtype, device=like.device)
            whole = torch.Size(like.whole_shape)
            tensor = DTensor.from_local(given, mesh, now, run_check=False, shape=whole, stride=like.whole_stride)
            with noting:
                tensor.redistribute(placements=then)
    except Exception:  # torch has no way from the one to the other
        return None
    return tuple(noting.found)


class _Noting(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch: __init_subclass__ has no types
    """Notes the collective operations that run while it is entered."""

    def __init__(self, mesh: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types
        self._mesh = mesh
        self.found: list[Moved] = []

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kind = collective_of(operator)
        if kind is not None:
            self.found.append(Moved(kind, group_named(_group_name(operator, args, kwargs or {}), self._mesh), args[0]))
        return operator(*args, **(kwargs or {}))


def _group_name(operator: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> str | None:
    names = [argument.name for argument in operator._schema.arguments]
    value = (dict(zip(names, args)) | kwargs).get("group_name")
    return value if isinstance(value, str) else getattr(value, "group_name", None)


def _known(numbers: Sequence[Any]) -> tuple[int, ...] | None:
    """Return sizes or strides as ints, a symbolic one as torch's hint for it; None if one has no hint."""
    found = [number.node.hint if isinstance(number, torch.SymInt) else number for number in numbers]
    return None if None in found else tuple(map(int, found))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, was in zip(loggers, before):
            logger.disabled = was
