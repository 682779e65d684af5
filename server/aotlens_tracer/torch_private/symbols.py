"""The symbols in the shapes of a graph, as torch knows them (`torch/fx/experimental/symbolic_shapes.py`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class SymbolFacts:
    """The facts of one symbol: its size in the example, and its bounds; None for a bound that there is not.

    `hint` is None for a symbol without a size in the example, as for one that depends on data.
    """

    hint: int | None
    minimum: int | None
    maximum: int | None


def symbols_of(shape_env: Any) -> Mapping[str, SymbolFacts]:
    """Return the symbols of a graph's shapes by their names in torch's texts; none without such facts."""
    ranges = getattr(shape_env, "var_to_range", {})
    values = getattr(shape_env, "backed_var_to_val", None) or getattr(shape_env, "var_to_val", {})
    found = {}
    for symbol in {**ranges, **values}:
        bounds = ranges.get(symbol)
        low, high = getattr(bounds, "lower", None), getattr(bounds, "upper", None)
        found[str(symbol)] = SymbolFacts(_whole(values.get(symbol)), _whole(low), _whole(high))
    return found


def _whole(value: Any) -> int | None:
    """Return a number of sympy's as an int; None for one that is not finite, and for the size of a ragged dimension."""
    return int(value) if isinstance(value, int) or getattr(value, "is_Integer", False) else None


def bound_symbols(node: torch.fx.Node) -> Iterator[str]:
    """Yield the symbols whose value a node of a graph makes, because it depends on data."""
    with contextlib.suppress(Exception):
        yield from map(str, node.meta.get("unbacked_bindings") or ())
