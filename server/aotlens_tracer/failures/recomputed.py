"""A checkpoint's error, at the checkpoint's call: torch raises it in the backward pass, where no user code is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..wire.descriptor_map import Failure, Frame
from ..wire.places import Expression
from ..wire.problems import OtherState, OtherTensor, Raised, RecomputedOtherwise


@dataclass(frozen=True)
class RecomputedAt:
    """The call of a checkpoint that computes other values again; the fields are those of `RecomputedOtherwise`.

    `frames` are the user's frames down to the call, outermost first. `error` is what torch raised when this was found.
    """

    call: Expression
    counts: tuple[int, int] | None
    tensor: OtherTensor | None
    states: tuple[OtherState, ...]
    frames: tuple[Frame, ...]
    error: BaseException


def is_of_a_checkpoint(error: BaseException) -> bool:
    """Whether torch refuses what a checkpoint computes again."""
    return type(error).__name__ == "CheckpointError"


def at_the_checkpoint(failure: Failure, found: RecomputedAt | None) -> Failure:
    """Return a failure at the call of the checkpoint; as it is if that is not known."""
    if found is None or found.call.span is None or not isinstance(failure.problem, Raised):
        return failure
    problem = RecomputedOtherwise(failure.problem, found.call, found.counts, found.tensor, found.states)
    span = found.call.span
    return replace(failure, problem=problem, frames=found.frames, path=span.path, line=span.line, column=span.column)
