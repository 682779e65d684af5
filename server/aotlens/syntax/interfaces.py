"""The facts of a class about its arguments: the parameters of its constructor and of `forward`, and its docstrings."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from .nodes import text_of
from .signatures import definition_node, method_of
from .source_text import SourceText

_METHODS = ("__init__", "forward")


def interface_of(document: SourceText, line: int) -> str:
    """Return what the text of the class on a line says of its arguments, without layout; empty if none is there.

    Comments beside parameters belong to it. What a base class says does not.
    """
    node = definition_node(document, line)
    if node is None or node.type != "class_definition":
        return ""
    return "\n".join("".join(part.split()) for part in _parts(node))


def _parts(node: Node) -> Iterator[str]:
    yield _docstring(node)
    for name in _METHODS:
        method = method_of(node, name)
        if method is not None:
            yield f"{name}{text_of(method.child_by_field_name('parameters'))}"
            yield _docstring(method)


def _docstring(node: Node) -> str:
    body = node.child_by_field_name("body")
    first = next((child for child in body.named_children if child.type != "comment"), None) if body else None
    if first is None or first.type != "expression_statement" or not first.named_children:
        return ""
    return text_of(first) if first.named_children[0].type == "string" else ""
