"""Reads nodes of a tree-sitter tree of Python code: their text, literals, names of parameters."""

from __future__ import annotations

from tree_sitter import Node


def text_of(node: Node | None) -> str:
    """The source text of a node; empty for None."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def string_value(node: Node) -> str | None:
    """The value of a plain string literal; None for other nodes, also for f-strings with fields and for bytes."""
    if node.type != "string" or any(child.type == "interpolation" for child in node.children):
        return None
    # Escapes are left as they are written, because no name contains any.
    parts = [text_of(child) for child in node.children if child.type in ("string_start", "string_content")]
    if not parts or "b" in parts[0].lower():
        return None
    return "".join(parts[1:])


def integer_value(node: Node) -> int | None:
    """The value of an integer literal with its sign; None for other nodes."""
    text = text_of(node).replace(" ", "")
    if node.type in ("integer", "unary_operator") and len(text) < 12 and text.removeprefix("-").isdecimal():
        return int(text)
    return None


def parameter_name(node: Node) -> str:
    """The name of a parameter in a signature, without stars, annotation and default; empty for `*` and `/`."""
    while node.type != "identifier":
        inner = node.child_by_field_name("name")
        if inner is None:
            inner = next((child for child in node.named_children), None)
        if inner is None or node.type in ("keyword_separator", "positional_separator"):
            return ""
        node = inner
    return text_of(node)


def items_of(node: Node | None) -> list[Node]:
    """The named children of a node, without comments."""
    return [child for child in node.named_children if child.type != "comment"] if node is not None else []


def is_within(inner: Node, outer: Node | None) -> bool:
    """Whether a node lies in another one; False for None."""
    return outer is not None and outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def is_same(node: Node | None, other: Node) -> bool:
    """Whether both are the same node of one tree; False for None."""
    return node is not None and node.id == other.id


def names_in(node: Node | None, skipped: tuple[str, ...] = ()) -> set[str]:
    """The variables that occur in a node: no attributes, no keywords, and nothing in nodes of the skipped types."""
    found = set()
    pending: list[Node] = [node] if node is not None else []
    while pending:
        current = pending.pop()
        if current.type == "identifier":
            found.add(text_of(current))
        elif current.type in ("attribute", "keyword_argument"):
            inner = current.child_by_field_name("object" if current.type == "attribute" else "value")
            pending += [inner] if inner is not None else []
        elif current.type not in skipped:
            pending += current.named_children
    return found
