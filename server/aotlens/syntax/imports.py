"""The names by which a file knows a module that it imports."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from .nodes import text_of
from .once import once_for_each
from .source_text import SourceText

_WITH_STATEMENTS = frozenset(
    {
        "module",
        "block",
        "function_definition",
        "class_definition",
        "decorated_definition",
        "if_statement",
        "try_statement",
        "with_statement",
        "for_statement",
        "while_statement",
        "ERROR",
    }
)
"""Nodes that have statements inside."""


def name_of_module(document: SourceText, wanted: str) -> str | None:
    """Return the name of a module in a file, by its imports at the top level: `nn`, `torch.nn`; None without one.

    `wanted` is the module's full name.
    """
    parent, _, last = wanted.rpartition(".")
    names = dict(_imported(document.tree.root_node))
    if wanted in names:
        return names[wanted]
    return f"{names[parent]}.{last}" if parent in names else None


def full_name(document: SourceText, name: str) -> str | None:
    """Return the full name of what a dotted name stands for, by the imports of the file: `fxu.get_param_nodes`.

    Imports count wherever they stand. None if the file does not import its first part. The dots of a relative import
    are left out.
    """
    first, _, rest = name.partition(".")
    full = dict(_names(document)).get(first)
    return None if full is None else f"{full}.{rest}" if rest else full


@once_for_each
def _names(document: SourceText) -> tuple[tuple[str, str], ...]:
    """The names that the imports of a file bind, wherever they stand, each with its full name."""
    found = []
    pending = [document.tree.root_node]
    while pending:
        node = pending.pop()
        if node.type in ("import_statement", "import_from_statement"):
            found += [(name, full.lstrip(".")) for full, name in _of_statement(node)]
        elif node.type in _WITH_STATEMENTS or node.type.endswith("_clause"):
            pending += reversed(node.named_children)
    return tuple(found)


def _imported(root: Node) -> Iterator[tuple[str, str]]:
    """Yield what the statements of a file import, by full names, each with its name in the file."""
    for statement in root.named_children:
        yield from _of_statement(statement)


def _of_statement(statement: Node) -> Iterator[tuple[str, str]]:
    if statement.type == "import_statement":
        for each in statement.children_by_field_name("name"):
            full, name = _named(each)
            yield full, name
            if name == full:  # `import torch.nn` binds `torch`
                first = full.partition(".")[0]
                yield first, first
    elif statement.type == "import_from_statement":
        package = text_of(statement.child_by_field_name("module_name"))
        for each in statement.children_by_field_name("name"):
            full, name = _named(each)
            yield f"{package}.{full}", name


def _named(node: Node) -> tuple[str, str]:
    if node.type == "aliased_import":
        return text_of(node.child_by_field_name("name")), text_of(node.child_by_field_name("alias"))
    return text_of(node), text_of(node)
