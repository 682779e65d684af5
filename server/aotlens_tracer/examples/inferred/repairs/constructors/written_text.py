"""Pass a text with which the project itself calls what refused an argument: `Irreps("1x0e + 1x1o")`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence

from ...building.construction import Construction
from ...reading.written_calls import texts_passed_to
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..names_read import places_within
from ..places import Place
from ..rule import Proposals, Rule

_MOST = 4
"""Texts that are proposed."""


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    places = list(places_within(failed, construction))
    if not places or places[-1].frame is not failed.root:
        return
    for index, place in enumerate(places[:-1]):
        passed = [name for name in _passed_to(place, places[index + 1 :]) if name in failed.arguments]
        if not passed:
            continue
        code, package = place.frame.f_code, str(place.frame.f_globals.get("__name__")).partition(".")[0]
        for text in texts_passed_to(_called(place), code.co_filename, package)[:_MOST]:
            value = Written(repr(text))
            if any(failed.arguments[each] != value for each in passed):
                yield {**failed.arguments, **dict.fromkeys(passed, value)}


def _passed_to(place: Place, outer: Sequence[Place]) -> list[str]:
    """The variables of the outermost function that are passed on to the first parameter of a place's function."""
    names = _parameters(place)[:1]
    for caller in outer:
        names = list(dict.fromkeys(_passed(caller, _called(place), _parameters(place), names)))
        place = caller
    return names


def _passed(caller: Place, callee: str, parameters: list[str], wanted: list[str]) -> Iterator[str]:
    """The variables that calls of `callee` pass to the parameters `wanted`, as they are."""
    for node in ast.walk(caller.function) if caller.function is not None else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == callee:
            given = [*zip(parameters, node.args), *((word.arg, word.value) for word in node.keywords)]
            yield from (value.id for name, value in given if name in wanted and isinstance(value, ast.Name))


def _called(place: Place) -> str:
    """The name by which the function of a place was called: that of the class for its constructor."""
    name = place.frame.f_code.co_name
    if name not in ("__init__", "__new__"):
        return name
    first = next(iter(place.variables.values()), None)
    return (first if isinstance(first, type) else type(first)).__name__


def _parameters(place: Place) -> list[str]:
    """The parameters that a caller passes to the function of a place by position."""
    names = inspect.getargs(place.frame.f_code).args
    return names[1:] if place.frame.f_code.co_name in ("__init__", "__new__") else names


RULE = Rule("written-text", "the texts that the project passes to what refused an argument", _propose)
