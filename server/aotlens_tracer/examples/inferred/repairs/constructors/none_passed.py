"""Pass an argument that is None in a failing statement."""

from __future__ import annotations

from ...building.construction import Construction
from ..failed_attempt import FailedAttempt
from ..names_read import places_within
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    seen: set[str] = set()
    for place in places_within(failed, construction):
        for name in place.names():
            if name in seen:
                continue
            seen.add(name)
            if place.variables[name] is None and construction.can_pass(name):
                yield from construction.with_prefixes([name], failed.arguments)
                value = construction.value(name)
                if value.expression != "None":
                    yield {**failed.arguments, name: value}


RULE = Rule("none-passed", "the variables of failing statements that are None", _propose)
