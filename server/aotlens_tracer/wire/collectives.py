"""The vocabulary of communication: the collective operations of a graph.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged
from .places import Span
from .subclasses import Sharding

Cause = Literal["call", "plan", "operand", "operation", "unknown"]
"""The one who asked for a collective operation: see Collective."""


@dataclass(frozen=True)
class Collective:
    """One collective operation that the traced rank takes part in.

    `operation` is its index in `Graph.operations`, and `kind` torch's name of it (`all_gather_into_tensor`). `bytes`
    is the size of the tensors that the rank gives into it, None if a size has no hint. `ranks` is the size of its
    group, None if torch does not know the group; `dimension` is the name or number of the mesh dimension that this
    group is, None if it is none of a mesh. `is_backward` says that it runs in the backward pass.

    `source` is the user's expression that caused it, `label` its text, and `module` the innermost module that runs it;
    for a collective of the backward pass they are those of the forward pass that it belongs to.

    `cause` is who asked for it, and `by` its name (None if unknown):

    * `call`: the user's code, by a call of `by` (`redistribute`, `full_tensor`, `to_local`, `all_reduce`);
    * `plan`: a plan that the user applied, such as `parallelize_module`; `by` is the class of its style;
    * `operand`: nobody did, DTensor redistributes an operand of the ATen operation `by`;
    * `operation`: the ATen operation `by`, whose DTensor implementation communicates;
    * `unknown`.

    `before` and `after` are the placements of a DTensor that is redistributed; None for other collectives.
    `operand` is the user's name of the tensor that is communicated, or the text of the expression that computed it;
    None if unknown.
    """

    operation: int
    kind: str
    bytes: int | None
    ranks: int | None
    dimension: str | None = None
    is_backward: bool = False
    source: Span | None = None
    label: str | None = None
    module: str | None = None
    cause: Cause = "unknown"
    by: str | None = None
    before: Sharding | None = None
    after: Sharding | None = None
    operand: str | None = None

    @property
    def is_implicit(self) -> bool:
        """Whether DTensor redistributes a tensor without being asked to."""
        return self.cause == "operand"


@dataclass(frozen=True)
class Redistribution:
    """Collectives by which DTensor redistributes a tensor although nobody asks it to, all of one expression.

    `kind` is torch's name of the collective, `count` the number of times that it runs in one call (or in the backward
    pass of one), and `bytes` what the rank gives into all of them, None if a size has no hint. `by` is the ATen
    operation that needs the tensor in other placements. The other fields are those of Collective.
    """

    kind: str
    bytes: int | None
    count: int
    ranks: int | None
    dimension: str | None
    is_backward: bool
    by: str | None
    before: Sharding | None
    after: Sharding | None
    operand: str | None


@dataclass(frozen=True)
class Redistributed(Tagged):
    """DTensor redistributes operands of an expression, and perhaps gradients of it, although nobody asks it to."""

    moves: tuple[Redistribution, ...]
