"""An in-place error, at the statement that changes what a derivative needs: that is what has to change."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..wire.descriptor_map import Failure, Frame
from ..wire.places import Expression
from ..wire.problems import Overwritten


@dataclass(frozen=True)
class ChangedInPlace:
    """A value that a derivative needs, and the statements that change it in place before it is needed.

    `needed` is the expression that saved the value, None if unknown. `by` are the statements in the order in which they
    run, at least one. `frames` are the user's frames down to the first of them, outermost first.
    """

    needed: Expression | None
    by: tuple[Expression, ...]
    frames: tuple[Frame, ...]


def changed_in_place(text: str) -> bool:
    """Whether a message of torch says that a value which a derivative needs was changed in place."""
    return "modified by an inplace operation" in text


def refused_in_place(text: str) -> bool:
    """Whether a message of torch says that a tensor must not be changed in place: its history decides."""
    return any(part in text for part in ("used in an in-place operation", "is being modified inplace"))


def at_the_change(failure: Failure, changed: ChangedInPlace | None) -> Failure:
    """Return a failure at the first statement that changes the value; as it is if nothing is known."""
    if changed is None:
        return failure
    failure = replace(failure, problem=Overwritten(failure.problem, changed.needed, changed.by), frames=changed.frames)
    place = changed.by[0].span
    if place is None:
        return failure
    return replace(failure, path=place.path, line=place.line, column=place.column)
