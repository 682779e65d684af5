"""The conditions of a branch that was not taken, and of what stands after an early return."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from .nodes import is_same, items_of, parameter_name, text_of
from .source_text import SourceText

_LEAVES = frozenset({"return_statement", "raise_statement", "continue_statement", "break_statement"})
_NAMES = frozenset({"identifier", "attribute"})


@dataclass(frozen=True)
class Condition:
    """A condition that was always true, or always false, where lines never ran.

    `node` is the smallest part of it that is to blame. `is_true` is its value in the call.
    """

    node: Node
    is_true: bool

    @property
    def text(self) -> str:
        """The text of the condition in one line."""
        return " ".join(text_of(self.node).split())

    @property
    def compared_with_none(self) -> tuple[Node, bool] | None:
        """The name that is compared with None, and whether it is None; None for another condition."""
        node = self.node
        if node.type != "comparison_operator" or len(items := items_of(node)) != 2:
            return None
        name, none = items
        operator = " ".join(child.type for child in node.children if not child.is_named)
        if name.type not in _NAMES or none.type != "none" or operator not in ("is", "is not"):
            return None
        return name, self.is_true == (operator == "is")

    @property
    def is_name(self) -> bool:
        """Whether it is a name or an attribute alone."""
        return self.node.type in _NAMES


def conditions_before(document: SourceText, line: int) -> Iterator[Condition]:
    """Yield the conditions of which one did not let the statement that begins on a line run, the outermost part each.

    The statement is the first of a branch, or the first after a statement that may leave its block.
    """
    statement = _statement(document, line)
    block = statement.parent if statement is not None else None
    if statement is None or block is None:
        return
    before = [node for node in items_of(block) if node.end_byte <= statement.start_byte]
    if before:
        yield from _of_leaving(before[-1])
    elif (owner := block.parent) is not None:
        yield from _of_branch(owner)


def parts_to_blame(condition: Condition) -> Iterator[Condition]:
    """Yield the parts of which one at least has the condition's value: those of `and` and `or`, without `not`."""
    node = condition.node
    if node.type == "parenthesized_expression" and len(items_of(node)) == 1:
        yield from parts_to_blame(Condition(items_of(node)[0], condition.is_true))
    elif node.type == "not_operator" and (argument := node.child_by_field_name("argument")) is not None:
        yield from parts_to_blame(Condition(argument, not condition.is_true))
    elif node.type == "boolean_operator":
        operator = text_of(node.child_by_field_name("operator"))
        sides = [node.child_by_field_name(side) for side in ("left", "right")]
        if condition.is_true == (operator == "or"):
            for side in sides:
                if side is not None:
                    yield from parts_to_blame(Condition(side, condition.is_true))
        else:
            yield condition
    else:
        yield condition


def parameters_around(node: Node) -> tuple[Node | None, dict[str, Node]]:
    """Return the function around a node, None if there is none, and its parameters that have a default, by name."""
    function = node.parent
    while function is not None and function.type != "function_definition":
        function = function.parent
    parameters = items_of(function.child_by_field_name("parameters")) if function is not None else []
    optional = [each for each in parameters if each.type in ("default_parameter", "typed_default_parameter")]
    return function, {parameter_name(each): each for each in optional}


def _statement(document: SourceText, line: int) -> Node | None:
    """Return the statement that begins on a line; None if it is not in a block."""
    text = document.line(line)
    point = document.point(line, len(text) - len(text.lstrip()) + 1)
    node: Node | None = document.tree.root_node.descendant_for_point_range(point, point)
    while node is not None and (node.parent is None or node.parent.type != "block"):
        node = node.parent
    return node if node is not None and node.start_point[0] == line - 1 else None


def _of_branch(owner: Node) -> Iterator[Condition]:
    """Yield the conditions under which the block of a compound statement does not run."""
    condition = owner.child_by_field_name("condition")
    if owner.type in ("if_statement", "elif_clause", "while_statement") and condition is not None:
        yield Condition(condition, is_true=False)
    whole = owner.parent if owner.type in ("elif_clause", "else_clause") else None
    if whole is not None and whole.type == "if_statement":
        for branch in [whole, *(child for child in whole.children if child.type == "elif_clause")]:
            if is_same(branch, owner):
                return
            if (earlier := branch.child_by_field_name("condition")) is not None:
                yield Condition(earlier, is_true=True)


def _of_leaving(statement: Node) -> Iterator[Condition]:
    """Yield the conditions under which an `if` leaves the block that it is in."""
    if statement.type != "if_statement":
        return
    branches = [statement, *(child for child in statement.children if child.type == "elif_clause")]
    for branch in branches:
        body = items_of(branch.child_by_field_name("consequence"))
        condition = branch.child_by_field_name("condition")
        if body and body[-1].type in _LEAVES and condition is not None:
            yield Condition(condition, is_true=True)
