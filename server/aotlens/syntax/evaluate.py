"""Evaluates names and expressions inside a function: to an attribute of the module, an argument, or an item of one.

`self.attn`, `attn = self.attn`, `for block in self.blocks`, `first, *rest = self.blocks`, `batch["mask"]`. Nothing is
run; the syntax alone decides.
"""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from .bindings import Bindings, Scope, Use
from .nodes import items_of, text_of
from .values import Place, Value, of_builtin, of_method, subscripted

_DEPTH = 40
"""The number of steps, through nested expressions and aliases of aliases, after which a value counts as unknown."""


class Evaluator:
    """Evaluates expressions at one position.

    `chain` holds the nodes around the position and `scopes` the functions around it, both innermost first.
    """

    def __init__(self, chain: Sequence[Node], scopes: Sequence[Scope]) -> None:
        self._bindings = Bindings(chain, scopes, self._value)

    def value(self, node: Node, before: int | None = None) -> Value:
        """The value of an expression of the chain. Bindings before the byte `before` count; by default, before it."""
        return self._value(node, Use(0, node.start_byte if before is None else before, _DEPTH))

    def _value(self, node: Node | None, use: Use) -> Value:
        if node is None or use.depth <= 0:
            return None
        inside = use.deeper()
        kind = node.type
        if kind == "identifier":
            binding = self._bindings.of(text_of(node), inside)
            return binding.value if binding is not None else None
        if kind == "attribute":
            base = self._value(node.child_by_field_name("object"), inside)
            name = text_of(node.child_by_field_name("attribute"))
            return base.at(name) if isinstance(base, Place) and name else None
        if kind == "subscript":
            return subscripted(
                self._value(node.child_by_field_name("value"), inside), node.children_by_field_name("subscript")
            )
        if kind == "call":
            return self._call(node, inside)
        if kind in ("tuple", "list", "expression_list", "pattern_list"):
            return tuple(self._value(child, inside) for child in items_of(node))
        if kind == "parenthesized_expression":
            items = items_of(node)
            return self._value(items[0], inside) if len(items) == 1 else None
        if kind == "named_expression":
            return self._value(node.child_by_field_name("value"), inside)
        return None

    def _call(self, node: Node, use: Use) -> Value:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return None
        given = [child for child in items_of(arguments) if child.type != "keyword_argument"]
        if function.type == "identifier":
            return of_builtin(text_of(function), given, [self._value(child, use) for child in given])
        if function.type != "attribute":
            return None
        base = self._value(function.child_by_field_name("object"), use)
        if not isinstance(base, Place):
            return None
        return of_method(base, text_of(function.child_by_field_name("attribute")), given)
