"""The vocabulary of a checkpoint that does not compute the values again that it has saved. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged
from .places import Expression
from .raised import Raised


@dataclass(frozen=True)
class OtherTensor:
    """A tensor (`f32[2, 4]`) that a checkpoint computes again as another; `position` counts those that are saved."""

    position: int
    saved: str
    again: str


@dataclass(frozen=True)
class OtherState:
    """An attribute of a module that is another when a checkpoint is computed again, and that the code it runs names.

    `name` is its FQN. `first` and `again` are the repr of its value at the beginning of the two runs, or, with
    `is_length`, the number of its items.
    """

    name: str
    first: str
    again: str
    is_length: bool = False


@dataclass(frozen=True)
class RecomputedOtherwise(Tagged):
    """A checkpoint does not compute the values again that it has saved; `problem` is torch's own error.

    `call` is the user's call of the checkpoint. `counts` are the numbers of tensors that forward saves and that are
    computed again, None if they are the same; `tensor` is the first one that differs, None if none does. `states` are
    attributes that differ between the two runs.
    """

    problem: Raised
    call: Expression
    counts: tuple[int, int] | None = None
    tensor: OtherTensor | None = None
    states: tuple[OtherState, ...] = ()
