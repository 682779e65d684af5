"""Reasons of findings that only a run in eager shows. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .eager_run import InTurn
from .json_codec import Tagged
from .named_things import OutputName
from .places import Expression
from .problems import Problem


@dataclass(frozen=True)
class ReentrantCheckpoint(Tagged):
    """No gradient: the subject is used inside reentrant checkpoints, no input of which requires a gradient."""

    at: tuple[Expression, ...]


@dataclass(frozen=True)
class NotInLoss(Tagged):
    """No gradient: the call asks for a loss, which does not depend on the subject. Only these outputs do."""

    outputs: tuple[OutputName, ...]


@dataclass(frozen=True)
class OnlyChanged(Tagged):
    """No gradient: what is returned does not need the subject; it is changed where autograd records nothing.

    These expressions change it. The graph has a gradient for its new value alone.
    """

    at: tuple[Expression, ...]


@dataclass(frozen=True)
class NotInEachCall(Tagged):
    """No gradient in the traced call, which does not use the subject; another call may.

    `seen` says that one of two steps in eager gives a gradient. Otherwise it is only known that the call draws random
    numbers.
    """

    seen: bool


@dataclass(frozen=True)
class InEager(Tagged):
    """A training step in eager ends with an error: which step, and the part of it.

    `in_turn` says what fails in a whole turn of a script's loop (`eager_run.InTurn`), None if the step is no such turn.
    `handed_on` are the names whose tensors came with a graph from the turn before.
    """

    step: int
    stage: Literal["forward", "backward"]
    problem: Problem
    in_turn: InTurn | None = None
    handed_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class InBackward(Tagged):
    """The change happens in the backward pass. With `again`, the call makes it too: a checkpoint computes it again."""

    again: bool = False
