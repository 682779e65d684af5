"""Facts that an error message can state. The rows of `errors` make them, and the repair rules read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class WrongSize:
    """An axis has `got` elements and must have `want`; `axis` is its index, or None if the message does not say."""

    got: int
    want: int
    axis: int | None = None


@dataclass(frozen=True)
class SizesDiffer:
    """Two sizes must be equal. Either may be the wrong one."""

    one: int
    other: int


@dataclass(frozen=True)
class Scaled:
    """A tensor is combined with one of shape (1, channels, 1, 1): it should have all these axes. `rank` is theirs."""

    channels: int
    rank: int


@dataclass(frozen=True)
class WrongRank:
    """A tensor must have one of the ranks `wanted`, the likeliest first.

    `given` is the rank that it has, or None if the message does not say. `unpacks` is True if its shape is unpacked.
    """

    wanted: tuple[int, ...]
    given: int | None = None
    unpacks: bool = False


@dataclass(frozen=True)
class TooSmall:
    """A kernel or a padding is larger than the input: `size` must be at least `least`, None if no sizes are given."""

    size: int | None = None
    least: int | None = None


@dataclass(frozen=True)
class NotDivisible:
    """An axis of `size` elements must be divisible by `divisor`."""

    size: int
    divisor: int


@dataclass(frozen=True)
class WrongView:
    """A tensor with `count` elements is viewed with the sizes `shape`, where -1 stands for one that is computed."""

    shape: tuple[int, ...]
    count: int


@dataclass(frozen=True)
class WrongDtype:
    """A tensor must have values of this dtype: `bool`, `int64`, `float32` or `complex64`."""

    dtype: str


@dataclass(frozen=True)
class NamedDtype:
    """A message about dtypes names this one."""

    dtype: str


@dataclass(frozen=True)
class NeedsBfloat16:
    """An operation takes bfloat16 only, for the weights too, and got float32."""


@dataclass(frozen=True)
class Missing:
    """Arguments or keys with these names are missing."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class WrongKind:
    """A value must be of another kind: see the rows of `errors._KINDS`."""

    kind: str


Fact = (
    WrongSize | SizesDiffer | Scaled | WrongRank | TooSmall | NotDivisible | WrongView | WrongDtype | NamedDtype
    | NeedsBfloat16 | Missing | WrongKind
)  # fmt: skip
_F = TypeVar("_F", bound=Fact)


def says(facts: Iterable[Fact], kind: type[_F]) -> list[_F]:
    """The facts of one kind."""
    return [fact for fact in facts if isinstance(fact, kind)]
