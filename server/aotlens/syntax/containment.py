"""Which classes of a file build which others, as far as its text says: no import, no inheritance from other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Tree

_PYTHON = Language(tree_sitter_python.language())
_NOT_BUILT = ("type", "string", "comment")
"""What stands in an annotation or a string builds nothing."""


def containment(text: str) -> dict[str, frozenset[str]]:
    """Of each class at the top level of a text the others that it may build, by itself or through what it calls."""
    return containment_in(Parser(_PYTHON).parse(text.encode("utf-8", "surrogatepass")))


def containment_in(tree: Tree) -> dict[str, frozenset[str]]:
    """The same of a text that is parsed already."""
    uses: dict[str, set[str]] = {}
    classes = []
    for node in tree.root_node.named_children:
        inner = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
        statement = inner.named_children[0] if inner is not None and inner.type == "expression_statement" else inner
        if statement is None:
            continue
        if statement.type in ("class_definition", "function_definition"):
            name = _text(statement.child_by_field_name("name"))
            uses.setdefault(name, set()).update(_names(statement.child_by_field_name("body")))
            if statement.type == "class_definition":
                classes.append(name)
                # What its bases build, it builds too; it does not build its bases.
                bases = list(_names(statement.child_by_field_name("superclasses")))
                uses[name] |= {f"{base}(" for base in bases}
        elif statement.type == "assignment":
            names = list(_names(statement.child_by_field_name("right")))
            for name in _names(statement.child_by_field_name("left")):
                uses.setdefault(name, set()).update(names)
    found = {}
    for name in classes:
        found[name] = frozenset(_reached(name, uses)).intersection(classes) - {name}
    return found


def containers(name: str, contained: Mapping[str, frozenset[str]]) -> list[str]:
    """The classes that may build a class, the outermost first, else in the order of the text."""
    holding = [other for other, inner in contained.items() if name in inner and other not in contained[name]]
    return sorted(holding, key=lambda other: -len(contained[other]))


def outermost_first(contained: Mapping[str, frozenset[str]]) -> list[str]:
    """The classes, those first that no other one builds, each before what it builds itself."""
    return sorted(contained, key=lambda name: len(containers(name, contained)))


def _reached(name: str, uses: Mapping[str, set[str]]) -> set[str]:
    """What a name uses, directly or not. `Base(` stands for what the class Base uses, without itself."""
    seen: set[str] = set()
    pending = list(uses[name])
    while pending:
        current = pending.pop()
        if current not in seen:
            seen.add(current)
            pending += uses.get(current.removesuffix("("), ())
    return seen


def _names(node: Node | None) -> Iterator[str]:
    """The names in a piece of code that are no attributes, no keywords and no annotations."""
    pending = [node] if node is not None else []
    while pending:
        current = pending.pop()
        if current.type == "identifier":
            yield _text(current)
        elif current.type == "attribute":
            pending += [child for child in [current.child_by_field_name("object")] if child is not None]
        elif current.type == "keyword_argument":
            pending += [child for child in [current.child_by_field_name("value")] if child is not None]
        elif current.type not in _NOT_BUILT:
            pending += reversed(current.named_children)


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "surrogatepass") if node is not None and node.text is not None else ""
