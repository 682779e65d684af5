"""Pass an argument that the failing statement computes because it is None: `if size is None: size = int(index.max())`.

What is computed may need the data of a tensor, which a trace does not have.
"""

from __future__ import annotations

import ast

from ...calling.inputs import Inputs
from ...tables.sizes import LENGTH
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..passed_on import passed_to
from ..places import Place
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    places = list(failed.users())
    for index, place in enumerate(places):
        for name in passed_to(place, _callers(failed, places[index + 1 :], place), _computed(place)):
            given = failed.arguments.get(name)
            if name not in inputs.parameters or (given is not None and given.expression != "None"):
                continue
            values = [value for value in inputs.candidates(name) if value.expression != "None"]
            for value in (*values, Written(str(LENGTH))):
                yield {**failed.arguments, name: value}


def _callers(failed: FailedAttempt, outer: list[Place], place: Place) -> list[Place]:
    """The places around one, up to that of the called function; none if that was not reached or is this one."""
    frames = [each.frame for each in outer]
    return outer[: frames.index(failed.root) + 1] if failed.root in frames and place.frame is not failed.root else []


def _computed(place: Place) -> list[str]:
    """The variables that are None and that the failing statement, or the one around it, assigns for that reason."""
    found = []
    for condition in place.surrounding_conditions():
        names = [part.id for part in ast.walk(condition) if isinstance(part, ast.Name)]
        found += [name for name in names if place.variables.get(name, ...) is None]
    return list(dict.fromkeys(found))


RULE = Rule("absent-default", "the conditions on variables that are None, around the failing statement", _propose)
