"""A record of a call: the expression that made each tensor, and the operation that raised an error."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.autograd.function import BackwardCFunction, Function
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from ..failures import EXAMPLE_FILE, Codebase, is_library
from ..graph.stack_traces import span_of
from ..wire.descriptor_map import Span
from .calls import Call, Site
from .real_error import refused_for_types

_WRAPPERS = (None, "torch.functional", "torch._tensor")
"""Modules whose functions return what the operation within them returns."""


class CallRecorder(TorchFunctionMode):
    """Records while it is entered. A function of torch's that calls others counts as one call.

    `failed` is the last call that raised an error, with that error. `applied` are the calls of custom functions, with
    the function's class. `derived` are the calls whose result has a derivative, with autograd's name for it.

    With `refuses_types`, calls raise what they raise on real tensors because of the types of these; `refused` is that
    error.
    """

    def __init__(self, codebase: Codebase, refuses_types: bool = False) -> None:
        super().__init__()
        self.refused: Exception | None = None
        self._refuses_types = refuses_types
        self.derived: list[tuple[Call, str]] = []
        self.failed: tuple[Call, BaseException] | None = None
        self.applied: list[tuple[type, Call]] = []
        self._codebase = codebase
        self._made: Any = WeakIdKeyDictionary()
        self._owned: dict[str, bool] = {}
        self._returned: tuple[Site, int] | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function, and note what it makes or raises."""
        return self._call(Call(func, args, kwargs or {}, self._site(sys._getframe(1))))

    def site_that_made(self, tensor: torch.Tensor) -> Site | None:
        """Return the place of the call that returned a tensor last; None if no recorded call did."""
        site: Site | None = self._made.get(tensor)
        return site

    def count_at(self, span: Span) -> int | None:
        """Return how many values the last call that returned several has returned, if `span` is its place."""
        if self._returned is None:
            return None
        site, count = self._returned
        is_direct = site.layer is None and site.inner is None and site.through in _WRAPPERS
        return count if is_direct and site.span == span else None

    def site_here(self) -> Site:
        """Return the place of the call that is being made by what calls this."""
        return self._site(sys._getframe(2))

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record everything that is called while this is entered, `apply` of custom functions included."""
        apply = Function.__dict__["apply"]  # a class method: written in Python by torch 2.13, in C by 2.14
        backward: Callable[..., Any] = BackwardCFunction.apply

        def recorded_apply(cls: type, *args: Any, **kwargs: Any) -> Any:
            call = Call(apply.__get__(None, cls), args, kwargs, self._site(sys._getframe(1)), is_custom=True)
            self.applied.append((cls, call))
            return self._call(call)

        def recorded_backward(node: Any, *gradients: Any) -> Any:
            with self:  # autograd's engine counts as one call, in which no other would be recorded
                return backward(node, *gradients)

        with (
            patch.object(Function, "apply", classmethod(recorded_apply)),
            patch.object(BackwardCFunction, "apply", recorded_backward),
            self,
        ):
            yield

    def _call(self, call: Call) -> Any:
        try:
            if self._refuses_types and (refused := refused_for_types(call)) is not None:
                self.refused = refused
                raise refused
            result = call.function(*call.args, **call.kwargs)
        except Exception as error:
            if self.failed is None or self.failed[1] is not error:
                self.failed = (call, error)
            raise
        if isinstance(result, (list, tuple)):
            self._returned = call.site, len(result)
        for item in result if isinstance(result, (list, tuple)) else (result,):
            if isinstance(item, torch.Tensor):
                self._made[item] = call.site
                if item.grad_fn is not None:
                    self.derived.append((call, item.grad_fn.name()))
        return result

    def _site(self, frame: types.FrameType | None) -> Site:
        layer, inputs, through, inner = None, (), None, None
        while frame is not None:
            path = frame.f_code.co_filename
            if path == EXAMPLE_FILE:
                break
            if self._owns(path):
                return Site(span_of(frame), frame, layer, inputs, through, inner)
            through = through or frame.f_globals.get("__name__")
            if inner is None and not is_library(path):
                inner = Site(span_of(frame), frame, layer, inputs)
            if layer is None and (layer := layer_of(frame)) is not None:
                inputs = inputs_of(frame)
            frame = frame.f_back
        return Site(None, None, layer, inputs, through)

    def _owns(self, path: str) -> bool:
        if path not in self._owned:
            self._owned[path] = self._codebase.owns(path)
        return self._owned[path]


def layer_of(frame: types.FrameType) -> nn.Module | None:
    """Return the layer whose `forward` a frame of torch's runs; None for any other frame."""
    code = frame.f_code
    if code.co_name != "forward" or not code.co_varnames or not is_library(code.co_filename):
        return None
    owner = frame.f_locals.get(code.co_varnames[0])
    return owner if isinstance(owner, nn.Module) else None


def inputs_of(frame: types.FrameType) -> tuple[Any, ...]:
    """Return the arguments of the `forward` that a frame runs, as far as they are not assigned anew or deleted."""
    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    return tuple(frame.f_locals[name] for name in names if name in frame.f_locals)
