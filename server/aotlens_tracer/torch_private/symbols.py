"""The symbols in the shapes of a graph, as torch knows them (`torch/fx/experimental/symbolic_shapes.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch.utils._sympy.singleton_int import SingletonInt


@dataclass(frozen=True)
class SymbolFacts:
    """The facts of one symbol: its size in the example, and its bounds; None for a bound that there is not.

    `hint` is None for a symbol without a size in the example, as for one that depends on data, and for the ragged
    dimension of a jagged tensor (`is_ragged`), which has a size for each row.
    """

    hint: int | None
    minimum: int | None
    maximum: int | None
    is_ragged: bool = False


def symbols_of(shape_env: Any) -> Mapping[str, SymbolFacts]:
    """Return the symbols of a graph's shapes by their names in torch's texts; none without such facts."""
    ranges = getattr(shape_env, "var_to_range", {})
    values = getattr(shape_env, "backed_var_to_val", {})
    found = {}
    for symbol in {**ranges, **values}:
        bounds = ranges.get(symbol)
        low, high = getattr(bounds, "lower", None), getattr(bounds, "upper", None)
        value = values.get(symbol)
        found[str(symbol)] = SymbolFacts(whole(value), whole(low), whole(high), isinstance(value, SingletonInt))
    return found


def whole(value: Any) -> int | None:
    """Return a number of sympy's as an int; None for one that is not finite, and for the size of a ragged dimension."""
    return int(value) if isinstance(value, int) or getattr(value, "is_Integer", False) else None
