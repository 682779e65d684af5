"""Finds in a statement that keeps a tensor the expression that is kept, so that it can be detached."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from .nodes import items_of, string_value, text_of
from .returns import with_method

_LAST = re.compile(r"(?P<name>[^\W\d]\w*)(?P<items>(?:\[[^\]]*\])*)$")
_TAKES_ONE = (
    *("append", "appendleft", "add", "put", "push", "insert", "extend", "setdefault"),
    *("setattr", "register_buffer"),
)
"""Methods and functions that keep their last argument."""
_SEQUENCES = ("tuple", "list", "expression_list")
_PATTERNS = ("pattern_list", "tuple_pattern", "list_pattern")


@dataclass(frozen=True)
class Replacement:
    """A node and the text that replaces it; or, with `beside`, a statement that goes before or after the node."""

    node: Node
    text: str
    beside: Literal["before", "after"] | None = None


def detached(statement: Node, names: Sequence[str]) -> list[Replacement]:
    """The changes of a statement that keeps tensors of these names, so that the next call does not use their graph.

    This call's own gradients stay as they are, as far as its function shows: if the function reads later what it keeps,
    the old value is detached, not the new one. Empty if no such change is known.
    """
    inner = items_of(statement)[0] if statement.type == "expression_statement" and items_of(statement) else statement
    if inner.type == "assignment":
        return _of_assignment(statement, inner, names)
    if inner.type == "augmented_assignment":
        target = text_of(inner.child_by_field_name("left"))
        return [] if _is_read_later(statement, target) else _each(inner.child_by_field_name("right"))
    if inner.type == "call":
        return _of_call(statement, inner)
    return []


def _of_assignment(statement: Node, assignment: Node, names: Sequence[str]) -> list[Replacement]:
    left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
    if left is None or right is None:
        return []
    items = [match["items"] for name in names if (match := _LAST.search(name))]
    assigned = [target.child_by_field_name("value") or target for target in _targets(assignment)]
    targets = {text_of(target): None for target in assigned if _is_kept(target, names)}
    if any(_is_read_later(statement, target) for target in targets):
        return _of_old_value(statement, right, list(targets)) if left.type != "subscript" else []
    if left.type not in _PATTERNS and right.type != "assignment":
        if left.type == "subscript" or not any(items):
            return _wrapped(right)
        if found := _of_items(right, items):
            return found
    if len(targets) != 1:
        return []
    (target,) = targets
    if not any(items):
        return [Replacement(statement, f"{target} = {target}.detach()", "after")]
    if all(re.fullmatch(r"\[\d+\]", item) for item in items):
        return [Replacement(statement, f"{target} = tuple(each.detach() for each in {target})", "after")]
    return []


def _of_old_value(statement: Node, right: Node, targets: Sequence[str]) -> list[Replacement]:
    """Detach the old value where the new one is computed of it; not in a loop, which computes it several times."""
    if len(targets) != 1 or right.type == "assignment" or not _is_first(statement, targets[0]):
        return []
    return [Replacement(node, f"{text_of(node)}.detach()") for node in _occurrences(right, targets[0])]


def _is_read_later(statement: Node, target: str) -> bool:
    """Whether the function reads something after a statement, or in a loop around it."""
    function = _around(statement, ("function_definition",))
    loop = _loop(statement)
    later = _occurrences(function, target) if function is not None else []
    inside = _occurrences(loop, target) if loop is not None else []
    return any(node.start_byte >= statement.end_byte for node in later) or any(
        not statement.start_byte <= node.start_byte < statement.end_byte for node in inside
    )


def _is_first(statement: Node, target: str) -> bool:
    """Whether no statement before it reads the old value, and it runs once in a call."""
    function = _around(statement, ("function_definition",))
    known = _occurrences(function, target) if function is not None else []
    return _loop(statement) is None and all(node.start_byte >= statement.start_byte for node in known)


def _loop(statement: Node) -> Node | None:
    found = _around(statement, ("for_statement", "while_statement", "function_definition"))
    return found if found is not None and found.type != "function_definition" else None


def _around(node: Node, kinds: Sequence[str]) -> Node | None:
    outer = node.parent
    while outer is not None and outer.type not in kinds:
        outer = outer.parent
    return outer


def _occurrences(node: Node, text: str) -> list[Node]:
    """The names and attributes in a node that are written so."""
    if node.type in ("identifier", "attribute", "subscript") and text_of(node) == text:
        return [node]
    return [found for child in node.named_children for found in _occurrences(child, text)]


def _of_items(right: Node, items: Sequence[str]) -> list[Replacement]:
    """The items that a display writes out: `(h, c)`, `{"k": k}`, `self.losses + [loss]`."""
    if right.type in _SEQUENCES:
        kept = items_of(right)
        numbers = sorted({int(item[1:-1]) for item in items if item[1:-1].isdecimal()})
        return [change for number in numbers if number < len(kept) for change in _wrapped(kept[number])]
    if right.type == "dictionary":
        pairs = [(pair.child_by_field_name("key"), pair.child_by_field_name("value")) for pair in items_of(right)]
        keys = {item[2:-2] for item in items}
        return [change for key, value in pairs if key and string_value(key) in keys for change in _wrapped(value)]
    if right.type == "binary_operator":
        return [change for part in items_of(right) if part.type == "list" for change in _each(part)]
    return []


def _targets(assignment: Node) -> list[Node]:
    """Everything that an assignment, or a chain of them, assigns to."""
    found: list[Node] = []
    node: Node | None = assignment
    while node is not None and node.type == "assignment":
        left = node.child_by_field_name("left")
        if left is not None:
            found += items_of(left) if left.type in _PATTERNS else [left]
        node = node.child_by_field_name("right")
    return found


def _is_kept(target: Node, names: Sequence[str]) -> bool:
    name = text_of(target.child_by_field_name("attribute") or target)
    return any((match := _LAST.search(kept)) is not None and match["name"] == name for kept in names)


def _of_call(statement: Node, call: Node) -> list[Replacement]:
    """`losses.append(loss)`, `self.mean.mul_(0.9).add_(h)`, `self.register_buffer("table", t)`."""
    function, arguments = call.child_by_field_name("function"), items_of(call.child_by_field_name("arguments"))
    method = text_of(function.child_by_field_name("attribute") or function) if function is not None else ""
    values = [argument for argument in arguments if argument.type not in ("keyword_argument", "list_splat")]
    target = text_of(_object(call))
    is_read = _is_read_later(statement, target)
    if method.endswith("_") and not method.endswith("__"):
        if is_read:
            return [Replacement(statement, f"{target}.detach_()", "before")] if _is_first(statement, target) else []
        tensors = [value for value in values if value.type not in ("integer", "float", "unary_operator")]
        return _wrapped(tensors[0]) if len(tensors) == 1 or method.startswith("lerp") else []
    if is_read and method not in ("setattr", "register_buffer"):
        return []
    if method not in _TAKES_ONE or not values or string_value(values[-1]) is not None:
        return []
    if method == "extend":
        return _each(values[-1]) if values[-1].type in _SEQUENCES else []
    return _each(values[-1])


def _object(call: Node) -> Node | None:
    """The thing whose method is called, in a chain of calls the first one."""
    node: Node | None = call
    while node is not None and node.type == "call":
        function = node.child_by_field_name("function")
        node = function.child_by_field_name("object") if function is not None else None
    return node


def _each(node: Node | None) -> list[Replacement]:
    """The expression, or the items of a list or tuple."""
    if node is not None and node.type in _SEQUENCES:
        return [change for item in items_of(node) for change in _wrapped(item)]
    return _wrapped(node)


def _wrapped(node: Node | None) -> list[Replacement]:
    if node is None or node.type in (*_SEQUENCES, "dictionary", "list_comprehension", "none"):
        return []
    return [Replacement(node, with_method(node, "detach"))]
