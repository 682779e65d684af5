"""The facts that code of a graph pass states about a name: where it is bound, and which conditions hold there.

The way leads from a use outwards: conditions around it, statements before it, the loops and functions around these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from .nodes import is_within, parameter_name, text_of

_COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression")
_LEAVES = ("return_statement", "raise_statement", "continue_statement", "break_statement")


@dataclass(frozen=True)
class Condition:
    """An expression that is known to be true, or not to be (`holds`)."""

    node: Node
    holds: bool


@dataclass(frozen=True)
class Case:
    """A `match` has chosen a pattern for a subject."""

    subject: Node
    pattern: Node


@dataclass(frozen=True)
class Bound:
    """A name gets its value here.

    `target` is the pattern that holds the name. It takes the value of the expression `value`, or each item of it, or is
    the pattern of a `case` for the subject `value`; "unknown" shows no value. `annotation` is its type.
    """

    target: Node
    value: Node | None
    how: Literal["value", "item", "case", "unknown"]
    annotation: Node | None = None


Fact = Condition | Case | Bound
_MOST_LEVELS = 1000
"""Nodes around a name: Python runs no code that is nested more deeply, and each `parent` comes down from the root."""


def facts_before(use: Node, name: str) -> Iterator[Fact]:
    """Yield the facts that hold at a use of a name, the nearest first; the last one binds it, if anything does."""
    node = use
    for _ in range(_MOST_LEVELS):
        parent = node.parent
        if parent is None:
            return
        for fact in _around(parent, node, name):
            yield fact
            if isinstance(fact, Bound):
                return
        node = parent


def _around(parent: Node, node: Node, name: str) -> Iterator[Fact]:
    """Yield the facts that a node states about one of its children."""
    kind = parent.type
    if kind in ("block", "module"):
        yield from _before(parent, node, name)
    elif kind == "boolean_operator" and _is_field(parent, "right", node):
        left = parent.child_by_field_name("left")
        if left is not None:
            yield Condition(left, text_of(parent.child_by_field_name("operator")) == "and")
    elif kind in ("if_statement", "elif_clause", "while_statement"):
        condition = parent.child_by_field_name("condition")
        if condition is not None and not is_within(node, condition):
            is_then = _is_field(parent, "consequence" if kind != "while_statement" else "body", node)
            if not is_then:
                for earlier in parent.children_by_field_name("alternative"):
                    tested = earlier.child_by_field_name("condition")
                    if tested is not None and earlier.end_byte <= node.start_byte:
                        yield Condition(tested, False)
            yield Condition(condition, is_then)
    elif kind == "conditional_expression" and len(parent.named_children) == 3:
        first, condition, last = parent.named_children
        if node.id in (first.id, last.id):
            yield Condition(condition, node.id == first.id)
    elif kind in _COMPREHENSIONS:
        yield from _in_comprehension(parent, node, name)
    elif kind == "for_statement" and not _is_field(parent, "right", node):
        yield from _loop(parent, name)
    elif kind == "case_clause":
        yield from _case(parent, node, name)
    elif kind in ("assignment", "named_expression") and not _is_field(parent, "right", node):
        yield from _assigned(parent, name)
    elif kind in ("function_definition", "lambda") and not _is_field(parent, "name", node):
        yield from _parameter(parent, name)


def _before(block: Node, node: Node, name: str) -> Iterator[Fact]:
    """Yield the facts that the statements before one state, the nearest first."""
    for statement in reversed(block.named_children):
        if statement.end_byte <= node.start_byte:
            yield from _stated(statement, name)


def _stated(statement: Node, name: str) -> Iterator[Fact]:
    """Yield the facts that hold after a statement."""
    kind = statement.type
    if kind == "assert_statement" and statement.named_children:
        yield Condition(statement.named_children[0], True)
    elif kind == "expression_statement":
        for child in statement.named_children:
            yield from _assigned(child, name)
    elif kind in ("function_definition", "class_definition"):
        if text_of(statement.child_by_field_name("name")) == name:
            yield Bound(statement, None, "unknown")
    elif kind in ("import_statement", "import_from_statement"):
        if any(text_of(each).split(" as ")[-1].split(".")[0] == name for each in statement.named_children):
            yield Bound(statement, None, "unknown")
    elif kind == "for_statement":
        yield from _inside(statement, name)
        yield from _loop(statement, name)
    elif kind.endswith(("_statement", "_clause", "_definition")) or kind == "block":
        condition = statement.child_by_field_name("condition")
        if kind == "if_statement" and condition is not None and _leaves(statement):
            yield Condition(condition, False)
        yield from _inside(statement, name)


def _inside(statement: Node, name: str) -> Iterator[Bound]:
    """Yield the last binding of a name inside a compound statement; its conditions do not hold after it."""
    for child in reversed(statement.named_children):
        inner = reversed(child.named_children) if child.type == "block" else (child,)
        for each in inner:
            if each.type == "as_pattern" and text_of(each.child_by_field_name("alias")) == name:
                yield Bound(each, None, "unknown")
            for fact in _stated(each, name):
                if isinstance(fact, Bound):
                    yield fact
                    return


def _assigned(node: Node, name: str) -> Iterator[Bound]:
    if node.type == "assignment":
        left, right, type_ = (node.child_by_field_name(field) for field in ("left", "right", "type"))
        if left is not None and _binds(left, name):
            yield Bound(left, right, "value", type_)
        elif right is not None:
            yield from _assigned(right, name)
    elif node.type == "augmented_assignment" and text_of(node.child_by_field_name("left")) == name:
        yield Bound(node, None, "unknown")
    elif node.type == "named_expression" and text_of(node.child_by_field_name("name")) == name:
        target = node.child_by_field_name("name")
        yield Bound(target or node, node.child_by_field_name("value"), "value")


def _loop(loop: Node, name: str) -> Iterator[Bound]:
    left = loop.child_by_field_name("left")
    if left is not None and _binds(left, name):
        yield Bound(left, loop.child_by_field_name("right"), "item")


def _in_comprehension(comprehension: Node, node: Node, name: str) -> Iterator[Fact]:
    clauses = [child for child in comprehension.named_children if child.type in ("for_in_clause", "if_clause")]
    at = next((number for number, clause in enumerate(clauses) if clause.id == node.id), len(clauses))
    if at < len(clauses) and node.type == "for_in_clause":
        yield from _loop(node, name)  # the cursor may be on its target
    for clause in reversed(clauses[:at]):
        if clause.type == "if_clause" and clause.named_children:
            yield Condition(clause.named_children[0], True)
        else:
            yield from _loop(clause, name)


def _case(clause: Node, node: Node, name: str) -> Iterator[Fact]:
    around = clause.parent.parent if clause.parent is not None else None
    subject = around.child_by_field_name("subject") if around is not None else None
    patterns = [child for child in clause.named_children if child.type == "case_pattern"]
    if subject is None or len(patterns) != 1:
        return
    if text_of(subject) != name and name in _captures(patterns[0]):
        yield Bound(patterns[0], subject, "case")
    elif node.type != "case_pattern":
        yield Case(subject, patterns[0])


def _parameter(function: Node, name: str) -> Iterator[Bound]:
    parameters = function.child_by_field_name("parameters")
    for each in parameters.named_children if parameters is not None else ():
        if parameter_name(each) == name:
            yield Bound(each, None, "unknown", each.child_by_field_name("type"))


def _captures(pattern: Node) -> set[str]:
    """The names that a pattern of a `case` may bind; a dotted name is a value."""
    found = set()
    pending = [pattern]
    while pending:
        node = pending.pop()
        is_alias = node.type == "identifier" and node.parent is not None and node.parent.type == "as_pattern"
        if node.type == "dotted_name" or is_alias:
            found.add(text_of(node))
        elif node.type == "class_pattern":
            pending += node.named_children[1:]
        else:
            pending += node.named_children
    return found


def _binds(target: Node, name: str) -> bool:
    if target.type == "identifier":
        return text_of(target) == name
    if target.type in ("attribute", "subscript"):
        return False
    return any(_binds(child, name) for child in target.named_children)


def _leaves(statement: Node) -> bool:
    """Whether an `if` without an `else` leaves the block in which it stands."""
    consequence = statement.child_by_field_name("consequence")
    if consequence is None or statement.child_by_field_name("alternative") is not None:
        return False
    last = [child for child in consequence.named_children if child.type != "comment"][-1:]
    return bool(last) and last[0].type in _LEAVES


def _is_field(parent: Node, field: str, node: Node) -> bool:
    return any(child.id == node.id for child in parent.children_by_field_name(field))
