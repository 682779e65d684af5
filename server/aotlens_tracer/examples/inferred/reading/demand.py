"""A demand on a tensor: its rank, the sizes of some of its axes, its dtype."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch


@dataclass(frozen=True)
class Demand:
    """The known properties of a tensor.

    `rank` is None if it is unknown, and not below `least`. `axes` has sizes by index, negative ones from the end.
    `names` are the names of the axes, or empty; None for an axis without a name. `dtype` is an attribute of `torch`.
    Integers are below `high`. `same_shape` is True if whatever demands this returns a tensor of the same shape, so that
    the next demand is on the same tensor too. `likely_rank` is the rank if nothing says it for sure; 0 if unknown.
    """

    rank: int | None = None
    axes: Mapping[int, int] = field(default_factory=dict)
    names: tuple[str | None, ...] = ()
    dtype: str | None = None
    high: int | None = None
    least: int = 0
    same_shape: bool = False
    likely_rank: int = 0

    def __bool__(self) -> bool:
        return self.rank is not None or bool(self.axes) or self.dtype is not None or bool(self.names)

    @property
    def lowest(self) -> int:
        """The least rank, considering the known sizes."""
        return max((self.least, *(axis + 1 if axis >= 0 else -axis for axis in self.axes)))

    def and_then(self, later: Demand) -> Demand:
        """This demand, and a later one's where this one leaves something open."""
        axes = dict(self.axes)
        known = {axis % self.rank for axis in axes if self.rank is not None and -self.rank <= axis < self.rank}
        for axis, size in later.axes.items():
            if axis not in axes and not (self.rank and -self.rank <= axis < self.rank and axis % self.rank in known):
                axes[axis] = size
        return Demand(
            self.rank if self.rank is not None else later.rank,
            axes,
            self.names or (later.names if self.rank in (None, len(later.names)) else ()),
            self.dtype or later.dtype,
            self.high if self.high is not None else later.high,
            max(self.least, later.least),
            later.same_shape,
            self.likely_rank or later.likely_rank,
        )

    def settled(self) -> Demand:
        """This demand with its likely rank, if nothing says the rank for sure."""
        return replace(self, rank=self.likely_rank) if self.rank is None and self.likely_rank else self


NOTHING = Demand()
SAME = Demand(same_shape=True)
"""Nothing is demanded, and the result has the same shape."""


def of_weight(weight: torch.Tensor, axis: int) -> Demand:
    """The demand of a multiplication by a weight over its axis `axis`."""
    return Demand(None, {-1: weight.shape[axis]})


def broadcast(shape: Sequence[int]) -> Demand:
    """The demand of an element-wise operation with a tensor of this shape. The result has the other tensor's shape."""
    sizes = {index - len(shape): size for index, size in enumerate(shape) if size != 1}
    # An author who writes a batch of one writes all axes: (1, channels, 1, 1).
    rank = len(shape) if len(shape) > 2 and shape[0] == 1 else None
    if len(shape) > 2 and shape[0] > 1 and {*shape[1:]} == {1}:  # (channels, 1, 1): all axes but the batch
        rank = len(shape) + 1
    return Demand(rank, sizes, same_shape=True)
