"""Calls of operators on fake tensors as plain data: what one process learned of them, another need not find out again.

Torch keeps the results of such calls in `FakeTensorMode.cache`, by operator and exact metadata. Most of the time of a
first trace goes to calls that are not there yet. A child notes them, and the tracer makes them once more itself, so
that its next children have the results. Nothing but the descriptions travels: the results are made by a process that
ran no user code. What it makes of a description, and what it refuses, is in `learnable.py`.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

import torch
from torch._subclasses import fake_tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from .learnable import NotPlain, check_arguments, constant, device, name_of_constant, operator

__all__ = ["FakeCall", "FakeCalls", "forget_results_of_other_settings", "noting_fake_calls", "settings_of_results"]

FakeCall = list[Any]
"""`[operator, arguments, keyword arguments]`, in JSON.

A list stands for a value that is not plain: its first item says of which kind.
"""
_MOST_NOTED = 4_000
"""Calls that one process notes."""
_MOST_KEPT = 40_000
"""Results that are kept before all are forgotten."""
_CONTEXT = slice(1, 6)
"""The part of a key of torch's cache that is about the circumstances: default types, modes, settings of sizes."""


# --- in the process that notes


@contextlib.contextmanager
def noting_fake_calls(noted: list[FakeCall]) -> Iterator[None]:
    """Add to a list the calls that are made while entered, and whose results torch did not have."""
    original = getattr(FakeTensorMode, "_make_cache_entry", None)
    if original is None:
        yield
        return

    def make(mode: Any, state: Any, key: Any, func: Any, args: Any, kwargs: Any, output: Any) -> Any:
        if len(noted) < _MOST_NOTED:
            with contextlib.suppress(Exception):
                operator(func.name())
                noted.append([func.name(), [_described(arg) for arg in args], _described_dict(kwargs)])
        return original(mode, state, key, func, args, kwargs, output)

    with patch.object(FakeTensorMode, "_make_cache_entry", make):
        yield


def _described_dict(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _described(value) for name, value in values.items()}


def _described(value: Any) -> Any:
    """Return a value in JSON. Raises NotPlain."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (list, tuple):
        return [type(value).__name__, *map(_described, value)]
    if isinstance(value, torch.Size):
        return ["list", *map(_described, value)]
    if isinstance(value, FakeTensor):
        return _described_tensor(value)
    if isinstance(value, torch.device):
        return ["device", str(value)]
    named = name_of_constant(value)
    if named is None:
        raise NotPlain
    return [*named]


def _described_tensor(value: FakeTensor) -> list[Any]:
    size = value.untyped_storage().nbytes()  # symbolic if the tensor is a view of one with symbolic sizes
    sizes = (*value.shape, *value.stride(), value.storage_offset(), size)
    is_usual = value.layout == torch.strided and not (value.is_quantized or value.is_conj() or value.is_neg())
    if not is_usual or value.is_inference() or not all(type(each) is int for each in sizes):
        raise NotPlain
    dtype = str(value.dtype).removeprefix("torch.")
    place = [[*value.shape], [*value.stride()], value.storage_offset(), size]
    return ["tensor", dtype, *place, str(value.device), value.requires_grad]


# --- in the process that learns


class FakeCalls:
    """Makes described calls in this process, and keeps their results where torch looks for them."""

    def __init__(self) -> None:
        self._mode: FakeTensorMode | None = None
        self._contexts: set[tuple[Any, ...]] = set()

    def learn(self, call: Any) -> bool:
        """Make one call. Return whether there is a result now that was not there before."""
        cache = _cache()
        if cache is None:
            return False
        if len(cache) > _MOST_KEPT:
            cache.clear()
        if self._mode is None:
            # A kernel that computes would need memory, and threads, which no process that forks may have.
            self._mode = FakeTensorMode(allow_fallback_kernels=False)
            self._contexts = {tuple(key.key[_CONTEXT]) for key in cache if _is_known(key)}
        before = len(cache)
        with contextlib.suppress(Exception):
            self._make(call)
        self._put_into_all_contexts(before)
        return len(cache) > before

    def _make(self, call: Any) -> None:
        assert self._mode is not None
        name, args, kwargs = call
        called = operator(name)
        check_arguments(called, [args, kwargs])
        taken = [self._value(arg) for arg in args]
        named = {str(key): self._value(value) for key, value in kwargs.items()}
        with torch._C._AutoDispatchBelowAutograd(), self._mode:
            called(*taken, **named)

    def _put_into_all_contexts(self, before: int) -> None:
        """Let the new results count in all circumstances of a trace; without symbolic sizes they depend on none."""
        cache = _cache()
        assert cache is not None
        for key, entry in list(itertools.islice(cache.items(), before, None)):
            if not _is_known(key):
                continue
            own = tuple(key.key[_CONTEXT])
            for context in self._contexts:
                if context[:3] == own[:3]:
                    cache.setdefault(type(key)((key.key[0], *context, *key.key[_CONTEXT.stop :])), entry)

    def _value(self, described: Any) -> Any:
        if not isinstance(described, list):
            return described
        kind, *rest = described
        if kind in ("list", "tuple"):
            items = map(self._value, rest)
            return list(items) if kind == "list" else tuple(items)
        if kind == "tensor":
            return self._tensor(*rest)
        (name,) = rest
        if kind == "device":
            return device(name)
        return constant(kind, name)

    def _tensor(
        self, dtype: str, shape: list[int], stride: list[int], offset: int, size: int, place: str, requires_grad: bool
    ) -> FakeTensor:
        assert self._mode is not None
        kind = constant("dtype", dtype)
        with torch.no_grad(), fake_tensor.in_kernel_invocation_manager(self._mode):
            whole = torch.empty(size // kind.itemsize, dtype=kind, device="meta")
            value = torch.empty(0, dtype=kind, device="meta")
            value.set_(whole.untyped_storage(), offset, shape, stride)
            value.requires_grad_(requires_grad)
        return FakeTensor(self._mode, value, device(place))


def _cache() -> dict[Any, Any] | None:
    cache = getattr(FakeTensorMode, "cache", None)
    return cache if isinstance(cache, dict) else None


def _is_known(key: Any) -> bool:
    """Whether a key of the cache has the parts that are expected (torch 2.13 to 2.15)."""
    parts = getattr(key, "key", None)
    return isinstance(parts, tuple) and len(parts) > _CONTEXT.stop and isinstance(parts[5], bool) and parts[3] is False


# --- in a process with user code


def settings_of_results() -> Sequence[Any]:
    """Return what the results of calls depend on besides their arguments: torch's settings, and changed operators."""
    settings: list[Any] = [
        torch.backends.mkldnn.enabled,
        torch.backends.cudnn.enabled,
        torch.are_deterministic_algorithms_enabled(),
    ]
    with contextlib.suppress(AttributeError):  # the kernels that Python code has registered for torch's own operators
        settings.append(sum(name.startswith(("aten/", "prims/")) for name in torch.library._impls))
    return settings


def forget_results_of_other_settings(before: Sequence[Any]) -> None:
    """Forget all results if the settings have changed since `before`, which `settings_of_results` has returned."""
    cache = _cache()
    if cache is not None and list(settings_of_results()) != list(before):
        cache.clear()
