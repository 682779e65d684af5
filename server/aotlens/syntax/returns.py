"""Finds `return` statements, and the expression in one that is an output of its function: `output['logits']`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from .nodes import string_value, text_of

_STEP = re.compile(r"\[(?P<index>\d+)\]|\['(?P<key>[^'\\]*)'\]|\.(?P<name>[^\W\d]\w*)")
_PLAIN = ("identifier", "attribute", "call", "subscript", "parenthesized_expression")
_SEQUENCES = ("expression_list", "tuple", "list")


def returned(function: Node, label: str) -> Node | None:
    """The expression of an output with this label.

    None if the function has several `return` statements, or its `return` does not write the output out.
    """
    found = list(returns_in(function.child_by_field_name("body")))
    if len(found) != 1 or not label.startswith("output") or not found[0].named_children:
        return None
    node: Node | None = found[0].named_children[0]
    steps = label.removeprefix("output")
    matches = list(_STEP.finditer(steps))
    if "".join(match[0] for match in matches) != steps:
        return None
    for match in matches:
        node = _child(node, match) if node is not None else None
    return node if node is not None and node.type not in ("none", *_SEQUENCES, "dictionary") else None


def with_method(node: Node, method: str) -> str:
    """The text of a method call on an expression, with parentheses around the expression if it needs them."""
    text = text_of(node)
    return f"{text}.{method}()" if node.type in _PLAIN else f"({text}).{method}()"


def returns_in(node: Node | None) -> Iterator[Node]:
    """The `return` statements in a node, without those of functions in it."""
    for child in node.named_children if node is not None else ():
        if child.type == "return_statement":
            yield child
        elif child.type not in ("function_definition", "class_definition", "lambda"):
            yield from returns_in(child)


def _child(node: Node, match: re.Match[str]) -> Node | None:
    children = [child for child in node.named_children if child.type != "comment"]
    if match["index"] is not None:
        index = int(match["index"])
        is_written_out = node.type in _SEQUENCES and all("splat" not in child.type for child in children)
        return children[index] if is_written_out and index < len(children) else None
    if match["key"] is not None:
        if node.type != "dictionary" or any(child.type != "pair" for child in children):
            return None
        keys = [child.child_by_field_name("key") for child in children]
        same = [
            child
            for child, key in zip(children, keys)
            if key is not None and key.type == "string" and string_value(key) == match["key"]
        ]
        return same[0].child_by_field_name("value") if len(same) == 1 else None
    arguments = node.child_by_field_name("arguments") if node.type == "call" else None
    for child in arguments.named_children if arguments is not None else ():
        if child.type == "keyword_argument" and text_of(child.child_by_field_name("name")) == match["name"]:
            return child.child_by_field_name("value")
    return None
