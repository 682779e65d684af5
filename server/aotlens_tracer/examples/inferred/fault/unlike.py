"""Sizes in a constructor's call that nobody means to be equal: the width of a model, and that inside a feed-forward."""

from __future__ import annotations

from collections.abc import Mapping

from ..tables.size_names import INNER_WIDTH_NAMES, WIDTH_NAMES
from .failing import Pair


def unlike(sizes: Mapping[str, int]) -> frozenset[Pair]:
    """The pairs of such sizes, in both orders. `sizes` are the constructor's integers by name."""
    widths = {size for name, size in sizes.items() if name in WIDTH_NAMES}
    inner = {size for name, size in sizes.items() if INNER_WIDTH_NAMES.fullmatch(name)}
    pairs = {(width, other) for width in widths for other in inner}
    return frozenset(pairs | {(other, width) for width, other in pairs})
