"""Which variables of an outer function are passed on to the parameters of an inner one."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence

from .places import Place


def passed_to(place: Place, outer: Sequence[Place], names: list[str]) -> list[str]:
    """The variables of the outermost function that are passed on to the parameters `names` of a place's function.

    `outer` are the places of its callers, the innermost first.
    """
    for caller in outer:
        names = list(dict.fromkeys(_passed(caller, called(place), parameters(place), names)))
        place = caller
    return names


def called(place: Place) -> str:
    """The name by which the function of a place was called: that of the class for its constructor."""
    name = place.frame.f_code.co_name
    if name not in ("__init__", "__new__"):
        return name
    first = next(iter(place.variables.values()), None)
    return (first if isinstance(first, type) else type(first)).__name__


def parameters(place: Place) -> list[str]:
    """The parameters that a caller passes to the function of a place by position."""
    names = inspect.getargs(place.frame.f_code).args
    is_method = place.frame.f_code.co_name in ("__init__", "__new__") or names[:1] == ["self"]
    return names[1:] if is_method else names


def _passed(caller: Place, callee: str, given_to: list[str], wanted: list[str]) -> Iterator[str]:
    """The variables that calls of `callee` pass to the parameters `wanted`, as they are."""
    for node in ast.walk(caller.function) if caller.function is not None else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == callee:
            given = [*zip(given_to, node.args), *((word.arg, word.value) for word in node.keywords)]
            yield from (value.id for name, value in given if name in wanted and isinstance(value, ast.Name))
