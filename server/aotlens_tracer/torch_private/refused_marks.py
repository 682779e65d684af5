"""Marks that cannot hold: torch's own check of the sizes that are marked dynamic, made for each of them apart."""

from __future__ import annotations

import contextlib
import dataclasses
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import patch

import torch
from torch._guards import TracingContext
from torch.fx.experimental.symbolic_shapes import (
    ConstraintViolationError,
    ShapeEnv,
)
from torch.utils._sympy.printers import PythonPrinter

from .symbols import whole

_GUARDS = "_aotlens_guards"


@dataclasses.dataclass(frozen=True)
class Condition:
    """A condition on one symbolic size alone, as Python with the symbol's name, and the user's stack that needs it.

    `narrows` says that it takes sizes away from the ends of the range.
    """

    text: str
    stack: traceback.StackSummary
    narrows: bool


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A dimension whose mark torch refuses after the capture (`ConstraintViolationError`).

    `base` is Dynamo's expression for the tensor, `text` the message of torch's error. `given` are the bounds of the
    mark, and `minimum` and `maximum` those that the code leaves; None for no bound. `symbol` is the size's name in
    shapes; None if it became a constant, or another expression. `conditions` are those on this size alone, in their
    order.
    """

    base: str
    dimension: int
    text: str
    given: tuple[int | None, int | None] = (None, None)
    symbol: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    conditions: tuple[Condition, ...] = ()


@contextlib.contextmanager
def noting_conditions() -> Iterator[None]:
    """Let torch's environments of shapes note which line needs each condition on a size."""
    original = getattr(ShapeEnv, "_log_guard", None)
    if original is None:
        yield
        return

    def log(environment: Any, prefix: str, condition: Any, *args: Any, **kwargs: Any) -> Any:
        with contextlib.suppress(Exception):
            noted = environment.__dict__.setdefault(_GUARDS, [])
            (symbol,) = condition.free_symbols  # those on several sizes are no condition on one
            noted.append((symbol, environment.var_to_range.get(symbol), condition, TracingContext.extract_stack()))
        return original(environment, prefix, condition, *args, **kwargs)

    with patch.object(ShapeEnv, "_log_guard", log):
        yield


def tracked_in(shape_env: Any) -> tuple[Any, ...]:
    """Return the tensors that Dynamo has made fake, with their sources and marks; torch forgets them at the end."""
    return tuple(getattr(shape_env, "tracked_fakes", None) or ())


def refusals(shape_env: Any, tracked: Sequence[Any]) -> tuple[Refusal, ...]:
    """Return the marked dimensions that torch refuses, each with the error of its own."""
    if shape_env is None or not tracked:
        return ()
    with contextlib.suppress(Exception):  # another version of torch may check in another way
        if _error(shape_env, tracked, None) is None:
            return ()
        marked = [(number, path) for number, each in enumerate(tracked) for path in _marked(each.symbolic_context)]
        errors = [(number, path, _error(shape_env, tracked, (number, path))) for number, path in marked]
        return tuple(
            _refusal(shape_env, tracked[number], path, error) for number, path, error in errors if error is not None
        )
    return ()


_Path = tuple[tuple[str, ...], int]
"""The attributes that lead to a piece of a subclass, and the number of a dimension."""


def _marked(context: Any, attributes: tuple[str, ...] = ()) -> Iterator[_Path]:
    """Yield the dimensions of a tensor, and of its pieces, that have a constraint."""
    for dimension, constraint in enumerate(getattr(context, "constraint_sizes", ())):
        if constraint is not None and not constraint.warn_only:
            yield attributes, dimension
    for name, inner in getattr(context, "inner_contexts", {}).items():
        yield from _marked(inner, (*attributes, name))


def _error(shape_env: Any, tracked: Sequence[Any], only: tuple[int, _Path] | None) -> str | None:
    """Return the message with which torch refuses the marks, or only one of them; None if it takes them."""
    contexts = [each.symbolic_context for each in tracked]
    if only is not None:
        contexts = [
            _with_constraint(context, only[1] if number == only[0] else None) for number, context in enumerate(contexts)
        ]
    try:
        shape_env.produce_guards_verbose(
            [each.fake for each in tracked], [each.source for each in tracked], input_contexts=contexts
        )
    except ConstraintViolationError as error:
        return str(error)
    return None


def _with_constraint(context: Any, path: _Path | None, attributes: tuple[str, ...] = ()) -> Any:
    """Return the marks of a tensor with one of them alone, or with none."""
    sizes = getattr(context, "constraint_sizes", None)
    if sizes is None:
        return context
    kept = [each if path == (attributes, dimension) else None for dimension, each in enumerate(sizes)]
    changes: dict[str, Any] = {"constraint_sizes": kept}
    inner: Mapping[str, Any] = getattr(context, "inner_contexts", {})
    if inner:
        changes["inner_contexts"] = {
            name: _with_constraint(each, path, (*attributes, name)) for name, each in inner.items()
        }
    return dataclasses.replace(context, **changes)


def _refusal(shape_env: Any, tracked: Any, path: _Path, error: str) -> Refusal:
    attributes, dimension = path
    value, name = tracked.fake, _name(tracked.source)
    for attribute in attributes:
        value, name = getattr(value, attribute), f"{name}.{attribute}"
    given = _given(tracked.symbolic_context, path)
    size = value.shape[dimension]
    expression = size.node.expr if isinstance(size, torch.SymInt) else None
    if not getattr(expression, "is_symbol", False):
        return Refusal(name, dimension, error, given)
    bounds = shape_env.var_to_range.get(expression)
    noted = [each for each in shape_env.__dict__.get(_GUARDS, ()) if each[0] == expression]
    after = [*(before for _, before, _, _ in noted[1:]), bounds]
    conditions = tuple(
        Condition(PythonPrinter().doprint(condition), stack, before != then)
        for (_, before, condition, stack), then in zip(noted, after)
        if stack
    )
    low, high = getattr(bounds, "lower", None), getattr(bounds, "upper", None)
    return Refusal(name, dimension, error, given, str(expression), whole(low), whole(high), conditions)


def _given(context: Any, path: _Path) -> tuple[int | None, int | None]:
    """Return the bounds that a mark gives."""
    attributes, dimension = path
    for attribute in attributes:
        context = context.inner_contexts[attribute]
    bounds = getattr(context.constraint_sizes[dimension], "vr", None)
    return whole(getattr(bounds, "lower", None)), whole(getattr(bounds, "upper", None))


def _name(source: Any) -> str:
    name = source.name
    return str(name() if callable(name) else name)
