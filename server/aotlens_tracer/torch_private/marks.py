"""Marks on the dimensions of a tensor (`mark_dynamic`, `maybe_mark_dynamic`, `mark_unbacked`), and who gave them."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from unittest.mock import patch

import torch
import torch._dynamo
from torch._dynamo import decorators

STRICT, WEAK = "_dynamo_dynamic_indices", "_dynamo_weak_dynamic_indices"
"""The attributes that `mark_dynamic` and `maybe_mark_dynamic` give a tensor."""
_RANGES = "_dynamo_dynamic_range"
_UNBACKED = ("_dynamo_unbacked_indices", "_dynamo_strict_unbacked_indices")
_PLACES = "_aotlens_marked_at"
_FUNCTIONS = ("mark_dynamic", "maybe_mark_dynamic", "mark_unbacked")
_TORCH = os.path.dirname(os.path.abspath(torch.__file__)) + os.sep

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
        found[dimension] = Mark("strict", low, high, places.get(dimension))
    return found


def mark(value: torch.Tensor, dimension: int, minimum: int | None, maximum: int | None) -> None:
    """Mark a dimension as the user's own `torch._dynamo.mark_dynamic` would."""
    decorators.mark_dynamic(value, dimension, min=minimum, max=maximum)


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

    return noting


def _caller() -> Place | None:
    """Return the innermost line outside torch and this file."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith((_TORCH, __file__)):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else None
