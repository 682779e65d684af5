"""Builds a class, and repairs the arguments of its constructor as long as it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn
from torch.nn.parameter import is_lazy as is_lazy_parameter

from ..guards import TookTooLong
from .building.construction import Construction
from .building.constructors import Constructors
from .building.parameters import positional_only
from .reading.definitions import constructor_of
from .repairs.failed_attempt import FailedAttempt
from .repairs.registry import CONSTRUCTORS
from .repairs.rule import proposals
from .values import Arguments, call

CONSTRUCTIONS = 24
"""How many calls of one constructor are tried."""
_DEPTH_FIRST = 4
"""The number of calls that are tried depth first. Repairs of later calls wait until all earlier ones were tried."""


@dataclass(frozen=True)
class Built:
    """A module, the expression that built it, the arguments in it, and the rule that proposed them, if one did."""

    expression: str
    module: nn.Module
    arguments: Arguments
    rule: str | None = None


@dataclass(frozen=True)
class Notes:
    """Called with what goes wrong on the way: an attempt that failed, and an exception in a rule, each by its rule."""

    attempt: Callable[[str, Exception, str | None], None]
    rule: Callable[[str, Exception], None]


def first_that_builds(
    cls: type, first: Arguments, constructors: Constructors, build: Callable[[str], nn.Module], notes: Notes
) -> Built | None:
    """The first call of the constructor that succeeds, from the arguments `first` on; None if none does.

    Raises what `notes` raise, and TookTooLong when the time is up.
    """
    construction = Construction(cls, constructors)
    callee, positional = constructors.names.of(cls), positional_only(cls)
    waiting: list[tuple[Arguments, str | None]] = [(first, None)]
    seen: set[str] = set()
    while waiting and len(seen) < CONSTRUCTIONS:
        arguments, rule = waiting.pop(0)
        expression = call(callee, arguments, positional)
        if expression in seen:
            continue
        seen.add(expression)
        try:
            return Built(expression, build(expression), arguments, rule)
        except TookTooLong:
            raise
        except Exception as error:
            notes.attempt(expression, error, rule)
            failed = FailedAttempt(error, arguments, function=constructor_of(cls))
            found = proposals(CONSTRUCTORS, failed, construction, notes.rule)
            more = [(proposal.arguments, proposal.rule) for proposal in found]
            waiting = [*more, *waiting] if len(seen) < _DEPTH_FIRST else [*waiting, *more]
    return None


def is_lazy(module: nn.Module) -> bool:
    """Whether some of a module's parameters take their shape from its first input."""
    return any(is_lazy_parameter(value) for value in (*module.parameters(), *module.buffers()))
