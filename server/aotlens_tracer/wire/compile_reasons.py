"""Reasons of findings about what torch.compile makes of a call. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .graph_breaks import GraphBreak
from .json_codec import Tagged


@dataclass(frozen=True)
class Broken(Tagged):
    """Torch gives up capture at a place: why, in its own words, and what follows."""

    by: GraphBreak


RecompiledWhen = Literal["each-call", "next-call", "same-call"]
"""The call that compiles a function anew."""


@dataclass(frozen=True)
class Recompiled(Tagged):
    """A function is compiled anew, because `condition` (torch's text) does not hold any more; seen in a run.

    `when` is each-call (the call changes what is compared, and does so in each call), next-call (it changes it once, so
    that the second call compiles once more) or same-call (the function runs for several modules that differ in it).
    `function` is the name of the function; `limit` is the number of compilations after which torch.compile leaves it to
    eager, and `is_reached` says that this happened. `hint` is torch's own advice; None if it has none.
    """

    when: RecompiledWhen
    condition: str
    function: str | None
    limit: int
    is_reached: bool = False
    hint: str | None = None


SpecializedBy = Literal["refused", "marked", "all", "zero-or-one", "direct"]
"""The way in which a dimension is dynamic that becomes a constant."""


@dataclass(frozen=True)
class SpecializedDimension(Tagged):
    """A dynamic dimension becomes the constant `size`.

    `by` is refused (`mark_dynamic` marks it, and torch.compile raises an error), marked (by `maybe_mark_dynamic`, or so
    that torch does not complain), all (all dimensions are dynamic), zero-or-one (it is marked, and torch takes these
    sizes as constants) or direct (it is marked, and AOTAutograd captures the call without Dynamo, which alone knows
    marks).
    """

    size: int
    by: SpecializedBy


@dataclass(frozen=True)
class RestrictedDimension(Tagged):
    """A dimension is marked with bounds (`mark_dynamic`) and the code takes fewer sizes: torch.compile raises an error.

    `given_minimum` and `given_maximum` are the bounds of the mark, `minimum` and `maximum` those that the code leaves;
    None without a bound. `condition` is the condition of the code, with the user's name of the size; None if unknown.
    """

    given_minimum: int | None
    given_maximum: int | None
    minimum: int | None
    maximum: int | None
    condition: str | None


BlockedBy = Literal[
    "changed-input", "kept-result", "attribute", "random", "list-index", "cpu", "unsafe", "branch", "loop"
]
"""The cause that keeps something out of CUDA graphs."""
Effect = Literal["skipped", "split", "fails"]
"""The consequence for CUDA graphs."""


@dataclass(frozen=True)
class NoCudaGraph(Tagged):
    """With `mode="reduce-overhead"` and on a GPU, something is in no CUDA graph.

    `cause` is changed-input (an input that is no state of a module is changed in place), kept-result (the call gives an
    attribute a new tensor that the next call reads), attribute (a plain tensor attribute stays on the CPU), random (a
    random tensor without a device), list-index (an index made of a list), cpu (a tensor is moved to the CPU), unsafe
    (an operation that cannot be recorded), branch (`torch.cond`) or loop (`while_loop`).

    `effect` is skipped (the whole graph runs without a CUDA graph), split (CUDA graphs are recorded around it) or fails
    (a later call raises an error).
    """

    cause: BlockedBy
    effect: Effect
