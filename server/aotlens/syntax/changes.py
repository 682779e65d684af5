"""Statements that change a tensor in place, and the same with a new tensor."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from .nodes import is_within, items_of, names_in, parameter_name, text_of

_SIMPLE = ("identifier", "integer", "float", "call", "attribute", "subscript", "parenthesized_expression")


def as_new_value(around: Sequence[Node]) -> tuple[Node, str] | None:
    """Return the part of a statement that changes a tensor in place, and the text that computes a new one instead.

    `around` are the nodes around the change, innermost first. `h += x` becomes `h = h + x`, `h.mul_(2)` becomes
    `h = h.mul(2)`, and `inplace=True` becomes `inplace=False`. None for a change through a view (`h[0] = 1`), and for a
    parameter of the function, because the caller would not see the new value.
    """
    for node in around:
        if node.type == "augmented_assignment":
            return _of_augmented(node, around)
        if node.type == "call" and (flag := _flag(node)) is not None:
            return flag, "inplace=False"
        if node.type == "call" and node.parent is not None and node.parent.type == "expression_statement":
            return _of_method(node, around)
    return None


def _of_augmented(node: Node, around: Sequence[Node]) -> tuple[Node, str] | None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = text_of(node.child_by_field_name("operator")).removesuffix("=")
    if left is None or right is None or not _is_own(left, around):
        return None
    value = text_of(right) if right.type in _SIMPLE else f"({text_of(right)})"
    return node, f"{text_of(left)} = {text_of(left)} {operator} {value}"


def _of_method(node: Node, around: Sequence[Node]) -> tuple[Node, str] | None:
    function = node.child_by_field_name("function")
    owner = function.child_by_field_name("object") if function is not None else None
    method = text_of(function.child_by_field_name("attribute")) if function is not None else ""
    if owner is None or not method.endswith("_") or method.endswith("__") or not _is_own(owner, around):
        return None
    arguments = text_of(node.child_by_field_name("arguments"))
    return node, f"{text_of(owner)} = {text_of(owner)}.{method[:-1]}{arguments}"


def _flag(call: Node) -> Node | None:
    """Return the argument `inplace=True` of a call."""
    arguments = call.child_by_field_name("arguments")
    return next((each for each in items_of(arguments) if text_of(each).replace(" ", "") == "inplace=True"), None)


def _is_own(node: Node, around: Sequence[Node]) -> bool:
    """Whether a name is a variable of the function around it that nobody else sees: it is bound in it."""
    if node.type != "identifier":
        return False
    function = next((each for each in around if each.type in ("function_definition", "lambda", "module")), None)
    if function is None or not is_within(node, function):
        return False
    parameters = {parameter_name(each) for each in items_of(function.child_by_field_name("parameters"))}
    return text_of(node) not in parameters and _binds(function, text_of(node))


def _binds(node: Node, name: str) -> bool:
    """Whether an assignment below a node binds a name."""
    left = node.child_by_field_name("left") if node.type in ("assignment", "for_statement") else None
    if left is not None and left.type not in ("subscript", "attribute") and name in names_in(left):
        return True
    return any(_binds(child, name) for child in node.named_children)
