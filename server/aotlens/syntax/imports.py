"""The names by which a file knows a module that it imports."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from .nodes import text_of
from .source_text import SourceText


def name_of_module(document: SourceText, wanted: str) -> str | None:
    """Return the name of a module in a file, by its imports at the top level: `nn`, `torch.nn`; None without one.

    `wanted` is the module's full name.
    """
    parent, _, last = wanted.rpartition(".")
    names = dict(_imported(document.tree.root_node))
    if wanted in names:
        return names[wanted]
    return f"{names[parent]}.{last}" if parent in names else None


def _imported(root: Node) -> Iterator[tuple[str, str]]:
    """Yield what the statements of a file import, by full names, each with its name in the file."""
    for statement in root.named_children:
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
