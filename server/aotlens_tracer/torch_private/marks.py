"""Marks on the dimensions of a tensor (`mark_dynamic`, `maybe_mark_dynamic`, `mark_unbacked`), and who gave them."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from unittest.mock import patch

import torch
import torch._dynamo
from torch._dynamo import decorators
from torch.utils._sympy.numbers import int_oo

STRICT, WEAK = "_dynamo_dynamic_indices", "_dynamo_weak_dynamic_indices"
"""The attributes that `mark_dynamic` and `maybe_mark_dynamic` give a tensor."""
_RANGES = "_dynamo_dynamic_range"
_UNBACKED = ("_dynamo_unbacked_indices", "_dynamo_strict_unbacked_indices")
_PLACES = "_aotlens_marked_at"
_FUNCTIONS = ("mark_dynamic", "maybe_mark_dynamic", "mark_unbacked")
_TORCH = os.path.dirname(os.path.abspath(torch.__file__)) + os.sep
_GENERATED = "<eval_with_key>"
_TRACER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

Strength = Literal["strict", "weak", "unbacked"]
Place = tuple[str, int]


@dataclass(frozen=True)
class Mark:
    """One marked dimension of a tensor.

    `strength` is strict (`mark_dynamic`: a constant is an error), weak or unbacked. `minimum` and `maximum` are the
    bounds that the mark gives, None for none. `place` is the file and line that call torch's function, None if unknown.
    """

    strength: Strength
    minimum: int | None = None
    maximum: int | None = None
    place: Place | None = None


def marks_on(value: torch.Tensor) -> dict[int, Mark]:
    """Return the marked dimensions of a tensor."""
    places = getattr(value, _PLACES, {})
    ranges = {bounds.dim: bounds for bounds in getattr(value, _RANGES, ())}
    found: dict[int, Mark] = {}
    for dimension in getattr(value, WEAK, ()):
        found[dimension] = Mark("weak", place=places.get(dimension))
    for name in _UNBACKED:
        for dimension in getattr(value, name, ()):
            found[dimension] = Mark("unbacked", place=places.get(dimension))
    for dimension in getattr(value, STRICT, ()):
        bounds = ranges.get(dimension)
        low, high = getattr(bounds, "min", None), getattr(bounds, "max", None)
        high = None if high is int_oo else high
        found[dimension] = Mark("strict", low, high, places.get(dimension))
    return found


def mark(value: torch.Tensor, dimension: int, minimum: int | None, maximum: int | None, is_strict: bool) -> None:
    """Mark a dimension as the user's own `mark_dynamic` would; if not strict, as `maybe_mark_dynamic`.

    The bound that is missing is that of `torch.export.Dim`: torch's function takes both or none (torch 2.13 to 2.15).
    """
    if is_strict:
        is_bounded = minimum is not None or maximum is not None
        low = minimum if minimum is not None or not is_bounded else 0
        high: Any = maximum if maximum is not None or not is_bounded else int_oo
        decorators.mark_dynamic(value, dimension, min=low, max=high)
    else:
        decorators.maybe_mark_dynamic(value, dimension)


@contextlib.contextmanager
def noting_marks() -> Iterator[None]:
    """Let torch's functions that mark a dimension note the line that calls them."""
    with contextlib.ExitStack() as stack:
        for name in _FUNCTIONS:
            original = getattr(decorators, name, None)
            if original is None:
                continue
            noting = _noting(original)
            for module in (decorators, torch._dynamo):
                if getattr(module, name, None) is original:
                    stack.enter_context(patch.object(module, name, noting))
        yield


def _noting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)  # Dynamo knows by an attribute that such a function stands in no graph
    def noting(t: Any, index: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(t, index, *args, **kwargs)
        with contextlib.suppress(Exception):
            place = _caller()
            dimensions = [index] if isinstance(index, int) else list(index)
            if place is not None:
                setattr(t, _PLACES, {**getattr(t, _PLACES, {}), **dict.fromkeys(dimensions, place)})
        return result

    with contextlib.suppress(Exception):  # torch's own code calls it in eager: Dynamo must not compile this frame
        code: types.CodeType = getattr(noting, "__code__")  # noqa: B009  # the type of `wraps` does not know it
        torch._dynamo.eval_frame.skip_code(code)
    return noting


def _caller() -> Place | None:
    """Return the innermost line outside torch; None if that is the tracer's, which marks what an option says.

    Torch marks tensors too, while it runs a graph, whose code has no file (`<eval_with_key>.0`).
    """
    frame: Any = sys._getframe(2)
    while frame is not None and (frame.f_code.co_filename.startswith((_TORCH, _GENERATED)) or _is_noting(frame)):
        frame = frame.f_back
    if frame is None or frame.f_code.co_filename.startswith(_TRACER):
        return None
    return frame.f_code.co_filename, frame.f_lineno


def _is_noting(frame: Any) -> bool:
    return bool(frame.f_code.co_filename == __file__ and frame.f_code.co_name == "noting")
