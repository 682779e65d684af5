"""Pass required arguments that a wrapped signature does not show, or that are passed on with `**`."""

from __future__ import annotations

from collections.abc import Iterable

from ...calling.inputs import Inputs
from ...tables.facts import Missing
from ...values import Items, Several
from ..changes import supplied
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    if not isinstance(failed.error, TypeError):
        return
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in inputs.parameters.values())
    for fact in failed.says(Missing):
        passed_on = [name for name in fact.names if name not in inputs.parameters and name not in failed.arguments]
        if takes_any and passed_on:
            yield {**failed.arguments, **{name: inputs.candidates(name)[0] for name in passed_on}}
        yield from _more_by_position(failed, inputs, fact.names)
        for name in fact.names:
            yield from supplied(failed, inputs, name)


def _more_by_position(failed: FailedAttempt, inputs: Inputs, names: Iterable[str]) -> Proposals:
    """More values in `*args`, which `forward` passes on to a function that misses arguments with these names."""
    found = [name for name, parameter in inputs.parameters.items() if parameter.kind is parameter.VAR_POSITIONAL]
    for name in found[:1]:
        given = failed.arguments.get(name)
        items = given.items if isinstance(given, Items) else (given,) if given is not None else ()
        missing = tuple(inputs.candidates(each)[0] for each in names if each not in inputs.parameters)
        if missing:
            yield {**failed.arguments, name: Several((*items, *missing))}


RULE = Rule("missing-arguments", "the names of missing arguments", _propose)
