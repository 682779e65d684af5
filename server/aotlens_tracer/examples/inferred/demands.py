"""What is asked of a tensor: its rank, the sizes of some of its axes, its dtype."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from ...torch_private import BATCH_NORMS
from .priors import IMAGE, PATCH


@dataclass(frozen=True)
class Demand:
    """What is known of a tensor. `axes` has sizes by index, negative ones from the end; `names` the axes' names."""

    rank: int | None = None
    axes: Mapping[int, int] = field(default_factory=dict)
    names: tuple[str | None, ...] = ()
    dtype: str | None = None
    high: int | None = None
    least: int = 0
    """The rank is no less."""
    same_shape: bool = False
    """Whether what makes the demand returns a tensor of the same shape: the next one's demand is on the same tensor."""

    def __bool__(self) -> bool:
        return self.rank is not None or bool(self.axes) or self.dtype is not None or bool(self.names)

    @property
    def lowest(self) -> int:
        """The least rank, known sizes considered."""
        return max((self.least, *(axis + 1 if axis >= 0 else -axis for axis in self.axes)))

    def and_then(self, later: Demand) -> Demand:
        """This demand, and where it leaves something open, a later one's."""
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
        )


NOTHING = Demand()
SAME = Demand(same_shape=True)


def of_module(module: nn.Module) -> Demand | None:
    """What one of torch's modules, or one that is shaped like it, asks of its first input; None if it is no leaf."""
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return Demand(2, {}, dtype="int64", high=module.num_embeddings)
    if isinstance(module, nn.MultiheadAttention):
        return Demand(3, {-1: module.embed_dim})
    if isinstance(module, nn.RNNBase):
        return Demand(3, {-1: module.input_size})
    if isinstance(module, nn.Bilinear):
        return Demand(None, {-1: module.in1_features})
    in_features, weight = getattr(module, "in_features", None), getattr(module, "weight", None)
    if isinstance(in_features, int) and isinstance(weight, torch.Tensor):
        return Demand(None, {-1: in_features})
    in_channels, kernel = getattr(module, "in_channels", None), getattr(module, "kernel_size", None)
    if isinstance(in_channels, int) and isinstance(kernel, tuple) and isinstance(weight, torch.Tensor):
        return Demand(2 + len(kernel), {1: in_channels})
    if isinstance(module, BATCH_NORMS):
        rank = re.search(r"(\d)d$", type(module).__name__)
        return Demand(2 + int(rank[1]) if rank else None, {1: module.num_features} if rank else {}, same_shape=True)
    if isinstance(module, nn.GroupNorm):
        return Demand(None, {1: module.num_channels}, same_shape=True)
    shape = getattr(module, "normalized_shape", None)
    if isinstance(shape, Sequence) and all(isinstance(size, int) for size in shape):
        return Demand(None, {index - len(shape): size for index, size in enumerate(shape)}, same_shape=True)
    pooling = re.fullmatch(
        r"(Adaptive)?(Max|Avg|LP)Pool(\d)d|(Pixel(?:Uns|S)huffle|Fold|Unfold)|Upsample.*", type(module).__name__
    )
    if pooling and type(module).__module__.startswith("torch."):
        return Demand(2 + int(pooling[3] or 2))
    if type(module).__module__.startswith("torch.nn.modules.") and not list(module.children()):
        return SAME
    return None


def through_pattern(pattern: str, lengths: Mapping[str, int], after: Demand) -> Demand:
    """The demand on what goes into an einops pattern, given its axes' lengths and the demand on what comes out."""
    left, _, right = pattern.partition("->")
    before, behind = _groups(left), _groups(right)
    sizes = {name: size for name, size in lengths.items() if isinstance(size, int)}
    rank = None if any("..." in group for group in before) else len(before)
    after_rank = None if any("..." in group for group in behind) else len(behind)
    for axis, size in after.axes.items():
        if -len(behind) <= axis < len(behind) and (after_rank is not None or axis < 0):
            group = behind[axis]
            unknown = [name for name in group if name not in sizes and not name.isdigit()]
            known = math.prod(sizes.get(name, 1) for name in group)
            if len(unknown) == 1 and known and size % known == 0 and "..." not in group:
                sizes[unknown[0]] = size // known
    axes: dict[int, int] = {}
    names: list[str | None] = []
    for index, group in enumerate(before):
        place = index if rank is not None else index - len(before)
        if "..." in group:
            names.append(None)
            continue
        names.append(group[0] if len(group) == 1 else next((name for name in group if name not in sizes), None))
        if all(name in sizes for name in group):
            axes[place] = math.prod(sizes[name] for name in group)
        elif len(group) > 1:
            rest = math.prod(sizes.get(name, 1) for name in group)
            axes[place] = IMAGE if rest > 1 and IMAGE % rest == 0 else rest * (IMAGE // PATCH)
    return Demand(rank, axes, tuple(names) if rank is not None else (), after.dtype, after.high)


def _groups(side: str) -> list[list[str]]:
    """The axes of one side of an einops pattern, each the names it is composed of."""
    tokens = re.findall(r"\(|\)|\.\.\.|…|\w+", side)
    groups: list[list[str]] = []
    inner: list[str] | None = None
    for token in tokens:
        if token == "(":
            inner = []
        elif token == ")":
            groups.append(inner or ["1"])
            inner = None
        elif inner is not None:
            inner.append(token)
        else:
            groups.append(["..." if token == "…" else token])
    return groups


def of_weight(weight: torch.Tensor, axis: int) -> Demand:
    """The demand of a multiplication by a weight over its axis."""
    return Demand(None, {-1: weight.shape[axis]})


def broadcast(shape: Sequence[int]) -> Demand:
    """The demand of an element-wise operation with a tensor of that shape, whose result has the other's shape."""
    sizes = {index - len(shape): size for index, size in enumerate(shape) if size != 1}
    # Who writes a batch of one writes all axes: (1, channels, 1, 1).
    rank = len(shape) if len(shape) > 2 and shape[0] == 1 else None
    return Demand(rank, sizes, same_shape=True)


def with_dtype(demand: Demand, dtype: str | None) -> Demand:
    """The demand with a dtype where it had none."""
    return demand if demand.dtype or dtype is None else replace(demand, dtype=dtype)


def is_module_list(value: Any) -> bool:
    """Whether a value holds modules by index."""
    return isinstance(value, nn.ModuleList | nn.Sequential | list | tuple)
