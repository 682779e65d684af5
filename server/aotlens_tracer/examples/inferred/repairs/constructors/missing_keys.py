"""Pass arguments that the signature does not show: those that the error says are missing."""

from __future__ import annotations

from ...building.construction import Construction
from ...tables.facts import Missing
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    given = failed.arguments
    for fact in failed.says(Missing):
        yield from construction.with_prefixes(fact.names, given)
        names = [name for name in fact.names if name not in given and construction.can_pass(name)]
        if len(names) > 1:
            yield {**given, **{name: construction.value(name) for name in names}}
        for name in names:
            yield {**given, name: construction.value(name)}


RULE = Rule("missing-keys", "the names of missing arguments and keys", _propose)
