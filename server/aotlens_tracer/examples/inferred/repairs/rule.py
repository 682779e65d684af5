"""The interface of a repair rule, and how rules are applied."""

from __future__ import annotations

import enum
import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..values import Arguments, tensors
from .failed_attempt import FailedAttempt

STRICT = "AOTLENS_STRICT_RULES"
"""Environment variable: if it is set, an exception in a rule ends the search. The tests set it."""
LARGEST = 1 << 28
"""Elements of the largest tensor that may be proposed. Sizes that are computed from an error can be absurd."""

Proposals = Iterator[Arguments]
_S = TypeVar("_S")


class Distance(enum.IntEnum):
    """How far a rule's proposals are from what the error says. The search tries near ones first."""

    SURE = 0
    """The error says what is wrong."""
    LIKELY = 1
    """The error hints at it."""
    FALLBACK = 2
    """Nothing is known; this often helps."""


@dataclass(frozen=True)
class Rule(Generic[_S]):
    """One repair.

    `reads` is a phrase: what the rule reads of a failure. `propose` gets the failed attempt and what was called (the
    `Inputs` of a call, the `Construction` of a class), and gives other arguments, the likeliest first.
    """

    name: str
    reads: str
    propose: Callable[[FailedAttempt, _S], Proposals]
    distance: Distance = Distance.SURE


@dataclass(frozen=True)
class Proposal:
    """Arguments to try next, and the rule that proposed them."""

    arguments: Arguments
    rule: str
    distance: Distance


class RuleError(BaseException):
    """The rule of that name raised an exception (`__cause__`), and `STRICT` is set.

    Not an Exception, so that code which handles exceptions of the user's code does not take it for one.
    """


def proposals(
    rules: Iterable[Rule[_S]], failed: FailedAttempt, called: _S, note: Callable[[str, Exception], None]
) -> Iterator[Proposal]:
    """All proposals of all rules, in the order of the rules.

    A rule that raises proposes nothing more; `note` is called with its name and the exception. Raises RuleError instead
    if `STRICT` is set.
    """
    for rule in rules:
        try:
            for arguments in rule.propose(failed, called):
                if all(math.prod(tensor.shape) <= LARGEST for _, tensor in tensors(arguments)):
                    yield Proposal(arguments, rule.name, rule.distance)
        except (RecursionError, MemoryError):
            raise
        except Exception as error:
            if os.environ.get(STRICT):
                raise RuleError(rule.name) from error
            note(rule.name, error)
