"""The reasons of findings about gradients of tensor subclasses that are not as the forward pass lets expect.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged
from .subclasses import Sharding, Transfer


@dataclass(frozen=True)
class OtherPlacements(Tagged):
    """The gradient of the subject lies otherwise on the mesh than the subject.

    `own` and `gradient` are the placements of both. `transfers` are the collective operations by which the gradient
    gets the placements of the subject, as in `Expected`. `own_bytes` and `gradient_bytes` are what both take on the
    traced rank; None if a size is symbolic. `by` is the function that redistributes the gradient in the backward pass
    (`fully_shard`); None if nobody does before it is read.
    """

    own: Sharding
    gradient: Sharding
    transfers: tuple[Transfer, ...] | None
    own_bytes: int | None = None
    gradient_bytes: int | None = None
    by: str | None = None


@dataclass(frozen=True)
class TangentPlacements(Tagged):
    """Torch.compile redistributes the gradient of the subject, an output that a later graph takes.

    `assumed` are the placements that AOTAutograd assumed for it, `handed` those that the later graph gives it.
    `transfers` are the collective operations of this, as in `Expected`.
    """

    assumed: Sharding
    handed: Sharding
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True)
class WrongTangent(Tagged):
    """The backward pass of torch.compile fails: AOTAutograd assumed the gradient of the subject to be a subclass.

    `assumed` is the name of that class. `is_missing` says that the rest of the call gives the subject no gradient, so
    that torch passes plain zeros; else it gives a plain tensor. With `in_some_runs` the call returns the subject, and
    it has no gradient if the backward pass starts from other results alone.
    """

    assumed: str
    is_missing: bool
    in_some_runs: bool = False
