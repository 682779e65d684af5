"""Conversions of modules while an example is built: the call that gave a parameter or buffer its type or device."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

from ..wire.descriptor_map import Span
from .stack_traces import call_site, span_of

_Kinds = dict[tuple[int, str], tuple[nn.Module, torch.dtype, torch.device]]


_METHODS = ("to", "type", "half", "float", "double", "bfloat16", "cpu", "cuda", "xpu", "to_empty")


class Conversions:
    """The calls that converted tensors of modules, the last one of each tensor.

    Modules are kept alive, so that Python does not reuse their ids.
    """

    def __init__(self) -> None:
        self._places: dict[tuple[int, str], tuple[nn.Module, Span]] = {}
        self._is_inside = False

    def of_tensor(self, root: nn.Module, fqn: str) -> Span | None:
        """Return the call that gave a parameter or buffer of `root` its type or its device; None if none did."""
        path, _, name = fqn.rpartition(".")
        try:
            owner = root.get_submodule(path)
        except AttributeError:
            return None
        known = self._places.get((id(owner), name))
        return known[1] if known is not None else None

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record conversions while this is entered."""
        with contextlib.ExitStack() as stack:
            for name in _METHODS:
                stack.enter_context(patch.object(nn.Module, name, self._recording(getattr(nn.Module, name))))
            yield

    def _recording(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def convert(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if self._is_inside:
                return original(module, *args, **kwargs)
            before = _kinds(module)
            self._is_inside = True
            try:
                return original(module, *args, **kwargs)
            finally:
                self._is_inside = False
                frame = call_site(sys._getframe(1))
                span = span_of(frame) if frame is not None else None
                for key, (owner, dtype, device) in _kinds(module).items():
                    if span is not None and before.get(key, (owner, dtype, device))[1:] != (dtype, device):
                        self._places[key] = owner, span

        return convert


def _kinds(module: nn.Module) -> _Kinds:
    """Return the types and devices of all tensors of a module tree, by their owner and their name."""
    found = {}
    for owner in module.modules():
        for name, tensor in (*owner.named_parameters(recurse=False), *owner.named_buffers(recurse=False)):
            found[id(owner), name] = (owner, tensor.dtype, tensor.device)
    return found
