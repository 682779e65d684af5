"""The demands of einops patterns on the tensor that goes in, by the lengths of axes and the demand on the result."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from ..tables.sizes import IMAGE, PATCH
from .demand import Demand

_ANY = "..."


def through_pattern(pattern: str, lengths: Mapping[str, int], after: Demand) -> Demand:
    """The demand on the tensor that goes in; `after` is the demand on the one that comes out."""
    left, _, right = pattern.partition("->")
    before, behind = _groups(left), _groups(right)
    sizes = {name: size for name, size in lengths.items() if isinstance(size, int)}
    sizes.update(_sizes_after(behind, sizes, after))
    rank = None if any(_ANY in group for group in before) else len(before)
    axes: dict[int, int] = {}
    names: list[str | None] = []
    for index, group in enumerate(before):
        place = index if rank is not None else index - len(before)
        if _ANY in group:
            names.append(None)
            continue
        names.append(group[0] if len(group) == 1 else next((name for name in group if name not in sizes), None))
        if all(name in sizes for name in group):
            axes[place] = math.prod(sizes[name] for name in group)
        elif len(group) > 1:  # the height of an image is a number of patches, and their height
            rest = math.prod(sizes.get(name, 1) for name in group)
            axes[place] = IMAGE if rest > 1 and IMAGE % rest == 0 else rest * (IMAGE // PATCH)
    return Demand(rank, axes, tuple(names) if rank is not None else (), after.dtype, after.high)


def _sizes_after(behind: list[list[str]], known: Mapping[str, int], after: Demand) -> dict[str, int]:
    """The sizes of axes that follow from the demand on the result, whose axes are composed as `behind` says."""
    sizes = dict(known)
    has_rank = not any(_ANY in group for group in behind)
    for axis, size in after.axes.items():
        if -len(behind) <= axis < len(behind) and (has_rank or axis < 0):
            group = behind[axis]
            unknown = [name for name in group if name not in sizes and not name.isdigit()]
            product = math.prod(sizes.get(name, 1) for name in group)
            if len(unknown) == 1 and product and size % product == 0 and _ANY not in group:
                sizes[unknown[0]] = size // product
    return sizes


def _groups(side: str) -> list[list[str]]:
    """The axes of one side of a pattern, each as the names that it is composed of."""
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
            groups.append([_ANY if token == "…" else token])
    return groups
