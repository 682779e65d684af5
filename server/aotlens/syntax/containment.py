"""Which classes of a file build which others, by the text of the file alone: nothing is imported."""

from __future__ import annotations

from collections.abc import Mapping

from tree_sitter import Tree

from .nodes import names_in, text_of
from .parsing import parse

_NOT_BUILT = ("type", "string", "comment")
"""Nodes whose names build nothing: annotations, strings, comments."""


def containment(text: str) -> dict[str, frozenset[str]]:
    """The other classes that each top-level class of a text may build, directly or through the code that it calls."""
    return containment_in(parse(text))


def containment_in(tree: Tree) -> dict[str, frozenset[str]]:
    """The other classes that each top-level class may build, for a text that is parsed already."""
    uses: dict[str, set[str]] = {}
    classes = []
    for node in tree.root_node.named_children:
        inner = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
        statement = inner.named_children[0] if inner is not None and inner.type == "expression_statement" else inner
        if statement is None:
            continue
        if statement.type in ("class_definition", "function_definition"):
            name = text_of(statement.child_by_field_name("name"))
            uses.setdefault(name, set()).update(names_in(statement.child_by_field_name("body"), _NOT_BUILT))
            if statement.type == "class_definition":
                classes.append(name)
                # A class builds everything that its bases build, but not the bases themselves.
                bases = names_in(statement.child_by_field_name("superclasses"), _NOT_BUILT)
                uses[name] |= {f"{base}(" for base in bases}
        elif statement.type == "assignment":
            used = names_in(statement.child_by_field_name("right"), _NOT_BUILT)
            for name in names_in(statement.child_by_field_name("left"), _NOT_BUILT):
                uses.setdefault(name, set()).update(used)
    return {name: frozenset(_reached(name, uses)).intersection(classes) - {name} for name in classes}


def containers(name: str, contained: Mapping[str, frozenset[str]]) -> list[str]:
    """The classes that may build a class, the outermost first, else in the order of the text."""
    holding = [other for other, inner in contained.items() if name in inner and other not in contained[name]]
    return sorted(holding, key=lambda other: -len(contained[other]))


def outermost_first(contained: Mapping[str, frozenset[str]]) -> list[str]:
    """All classes, each before the classes that it builds."""
    return sorted(contained, key=lambda name: len(containers(name, contained)))


def _reached(name: str, uses: Mapping[str, set[str]]) -> set[str]:
    """The names that a name uses, directly or not. `Base(` stands for everything that the class Base uses."""
    seen: set[str] = set()
    pending = list(uses[name])
    while pending:
        current = pending.pop()
        if current not in seen:
            seen.add(current)
            pending += uses.get(current.removesuffix("("), ())
    return seen
