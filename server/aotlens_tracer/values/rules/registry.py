"""The rule of each operation."""

from __future__ import annotations

from . import elementwise, layers, pieces, products, reductions, views
from .operation import RULES, Rule

__all__ = ["elementwise", "layers", "pieces", "products", "reductions", "views"]


def rule_of(name: str, is_pointwise: bool) -> Rule | None:
    """Return the rule of an operation by its name without overload (`aten::view`); None if there is none."""
    return RULES.get(name) or (elementwise.pointwise if is_pointwise else None)
