"""Finds the statement or expression that binds a name, by syntax alone.

If several assignments bind a name, the nearest one before its use counts, whatever branch it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from tree_sitter import Node

from .nodes import items_of, parameter_name, text_of
from .paths import Items
from .values import Each, Place, Value, indexed, item_of

_COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression")


@dataclass(frozen=True)
class Scope:
    """A function around the position that is evaluated.

    `name` is the function's qualified name within its class or module (`forward`, `outer.<locals>.inner`). `module` is
    the name of its first parameter if the function is a method, so that the parameter is the module; else None.
    """

    node: Node
    name: str
    module: str | None


class Use(NamedTuple):
    """The place from which a name is looked up.

    `scope` is an index into the functions around it, innermost first. Bindings that end before the byte `before` count.
    `depth` limits how many more steps the search may take.
    """

    scope: int
    before: int
    depth: int

    def deeper(self) -> Use:
        """The same place with one step less to take."""
        return Use(self.scope, self.before, self.depth - 1)

    def at(self, before: int) -> Use:
        """The same place, but with the bindings that end before another byte."""
        return Use(self.scope, before, self.depth)


@dataclass(frozen=True)
class Binding:
    """A name is bound to a value, which may be unknown (None)."""

    value: Value


Evaluate = Callable[["Node | None", Use], Value]


class Bindings:
    """The bindings that are visible at one position.

    `chain` holds the nodes around the position and `scopes` the functions around it, both innermost first.
    """

    def __init__(self, chain: Sequence[Node], scopes: Sequence[Scope], evaluate: Evaluate) -> None:
        self._chain = chain
        self._scopes = scopes
        self._evaluate = evaluate

    def of(self, name: str, use: Use) -> Binding | None:
        """The binding of a name; None if nothing in sight binds it."""
        if not name:
            return None
        if use.scope == 0:  # only the position itself can be inside a comprehension or lambda: a binding is a statement
            found = self._in_expressions_around(name, use)
            if found is not None:
                return found
        for index in range(use.scope, len(self._scopes)):
            # A closure sees the last binding of the outer function.
            before = use.before if index == use.scope else self._scopes[index].node.end_byte
            found = self._in_function(name, Use(index, before, use.depth))
            if found is not None:
                return found
        return None

    def _in_expressions_around(self, name: str, use: Use) -> Binding | None:
        """The binding by a comprehension or lambda around the position, up to the innermost function."""
        for node in self._chain:
            if node.type == "function_definition":
                return None
            if node.start_byte > use.before or node.end_byte < use.before:
                continue
            if node.type == "lambda":
                parameters = node.child_by_field_name("parameters")
                if any(parameter_name(child) == name for child in items_of(parameters)):
                    return Binding(None)
            elif node.type in _COMPREHENSIONS:
                for clause in reversed([child for child in node.children if child.type == "for_in_clause"]):
                    left, right = clause.child_by_field_name("left"), clause.child_by_field_name("right")
                    if left is None or right is None or right.start_byte <= use.before < right.end_byte:
                        continue
                    # The iterable may itself come from an earlier clause, so the search starts from here again.
                    found = self._bound(left, name, partial(self._item, right, use.at(right.start_byte)))
                    if found is not None:
                        return found
        return None

    def _in_function(self, name: str, use: Use) -> Binding | None:
        scope = self._scopes[use.scope]
        body = scope.node.child_by_field_name("body")
        if body is not None:
            found = self._in_block(body, name, use)
            if found is not None:
                return found
        if name == scope.module:
            return Binding(Place(None, scope.name))
        parameters = scope.node.child_by_field_name("parameters")
        for child in items_of(parameters):
            if parameter_name(child) == name:
                return Binding(Place(name, scope.name))
        return None

    def _in_block(self, block: Node, name: str, use: Use) -> Binding | None:
        """The nearest binding in a block before the use."""
        if use.depth <= 0:
            return None
        for statement in reversed(block.named_children):
            if statement.start_byte < use.before:
                found = self._in_statement(statement, name, use.deeper())
                if found is not None:
                    return found
        return None

    def _in_statement(self, node: Node, name: str, use: Use) -> Binding | None:
        kind = node.type
        if kind == "expression_statement":
            for child in node.named_children:
                found = self._in_expression(child, name, use) or self._in_walrus(child, name, use)
                if found is not None:
                    return found
            return None
        if kind == "assignment":  # a child of an ERROR node, without a statement around it
            return self._in_expression(node, name, use)
        if kind in ("function_definition", "class_definition"):
            return Binding(None) if text_of(node.child_by_field_name("name")) == name else None
        if kind == "decorated_definition":
            definition = node.child_by_field_name("definition")
            return self._in_statement(definition, name, use) if definition is not None else None
        if kind == "for_statement":
            found = self._in_clauses(node, name, use)
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if found is not None or left is None or right is None or right.end_byte >= use.before:
                return found
            return self._bound(left, name, partial(self._item, right, use.at(node.start_byte)))
        if kind == "with_statement":
            found = self._in_clauses(node, name, use)
            if found is None and any(name == text_of(target) for target in _with_targets(node)):
                return Binding(None)
            return found
        if kind.endswith(("_statement", "_clause")) or kind in ("block", "ERROR"):
            return self._in_clauses(node, name, use)
        return None

    def _in_clauses(self, node: Node, name: str, use: Use) -> Binding | None:
        """The nearest binding in the blocks of a compound statement."""
        if use.depth <= 0:
            return None
        for child in reversed(node.named_children):
            if child.start_byte >= use.before:
                continue
            if child.type == "block":
                found = self._in_block(child, name, use.deeper())
            elif child.type.endswith(("_clause", "_statement")) or child.type in ("assignment", "ERROR"):
                found = self._in_statement(child, name, use.deeper())
            else:
                found = self._in_walrus(child, name, use.deeper())
            if found is not None:
                return found
        return None

    def _in_walrus(self, node: Node, name: str, use: Use) -> Binding | None:
        """The binding by a `:=` somewhere in an expression."""
        if use.depth <= 0 or node.text is None or b":=" not in node.text:
            return None
        if node.type == "named_expression":
            return self._in_expression(node, name, use)
        for child in reversed(node.named_children):
            found = self._in_walrus(child, name, use.deeper())
            if found is not None:
                return found
        return None

    def _in_expression(self, node: Node, name: str, use: Use) -> Binding | None:
        left = node.child_by_field_name("name" if node.type == "named_expression" else "left")
        if left is None or node.end_byte > use.before:
            return None
        if node.type == "augmented_assignment":
            return Binding(None) if text_of(left) == name else None
        right = node.child_by_field_name("value" if node.type == "named_expression" else "right")
        if right is None or node.type not in ("assignment", "named_expression"):
            return None
        targets = [(node, left)]
        while right is not None and right.type == "assignment":  # a = b = value
            inner, right = right, right.child_by_field_name("right")
            target = inner.child_by_field_name("left")
            if target is not None and right is not None:
                targets.append((inner, target))
        for each, target in reversed(targets):
            found = self._bound(target, name, partial(self._evaluate, right, use.at(each.start_byte)))
            if found is not None:
                return found
        return None

    def _item(self, node: Node, use: Use) -> Value:
        return item_of(self._evaluate(node, use))

    def _bound(self, target: Node, name: str, value: Callable[[], Value]) -> Binding | None:
        """The binding of a name by assigning a value to a target, which may be a pattern."""
        steps = _steps_to(target, name)
        if steps is None:
            return None
        result = value()
        for index, count, is_rest in steps:
            if is_rest:
                after = count - index - 1
                rest = Items(index, -after if after else None)
                result = Each(result.at(rest) if isinstance(result, Place) else item_of(result))
            elif isinstance(result, tuple):
                result = result[index] if -len(result) <= index < len(result) and count == len(result) else None
            else:
                result = indexed(result, index)
        return Binding(result)


def _steps_to(target: Node, name: str) -> list[tuple[int, int, bool]] | None:
    """The way to a name in a target, from the outside in; None if it is not there.

    Each step is an index, the number of items, and whether the name takes the rest of them (`*rest`).
    """
    if target.type == "identifier":
        return [] if text_of(target) == name else None
    if target.type not in ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list"):
        return None
    items = items_of(target)
    splat = next((i for i, item in enumerate(items) if item.type in ("list_splat_pattern", "list_splat")), None)
    for index, item in enumerate(items):
        if index == splat:
            inner = items_of(item)
            if inner and text_of(inner[0]) == name:
                return [(index, len(items), True)]
            continue
        rest = _steps_to(item, name)
        if rest is not None:
            after = splat is not None and index > splat
            return [(index - len(items) if after else index, len(items), False), *rest]
    return None


def _with_targets(node: Node) -> Iterable[Node]:
    for clause in node.named_children:
        if clause.type == "with_clause":
            for item in clause.named_children:
                for pattern in item.named_children:
                    if pattern.type == "as_pattern":
                        yield from items_of(pattern.child_by_field_name("alias"))
