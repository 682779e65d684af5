"""Why a gradient is zero whatever the values are, as data. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged
from .places import Expression

HowZero = Literal["derivative", "part", "factor", "single", "backward", "body", "hook"]


@dataclass(frozen=True)
class ZeroCause:
    """Expressions that make a gradient zero, whatever the values are, and `how` they do.

    derivative (their derivative is zero everywhere, as that of `round`), part (they select a part that does not depend
    on the subject), factor (they multiply by zero), single (a softmax over one element, whose result is constant),
    backward (they stand in the `backward` of an `autograd.Function`), body (in a branch or a loop body, they hand no
    gradient back) or hook (no derivative: something, such as a hook, makes the gradient zero beside them).
    """

    how: HowZero
    at: tuple[Expression, ...]


@dataclass(frozen=True)
class AlwaysZero(Tagged):
    """The subject gets a gradient that is zero whatever the values are, for these causes."""

    causes: tuple[ZeroCause, ...]
