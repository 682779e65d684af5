"""The entries that a function reads from a parameter which is a dictionary: `batch["tokens"]`."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

from .definitions import definition_of


@functools.cache
def entries_read(function: Callable[..., Any], owner: str) -> tuple[str, ...]:
    """The keys that are read from `owner`, each once, in the order of the source.

    `owner` is a parameter's name, or an entry as `entry_of` writes it.
    """
    definition = definition_of(function)
    reads = [
        (node.lineno, node.col_offset, node.slice.value)
        for node in (ast.walk(definition) if definition is not None else ())
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        and ast.unparse(node.value) == owner
    ]
    return tuple(dict.fromkeys(key for _, _, key in sorted(reads)))


def entry_of(owner: str, key: str) -> str:
    """The text of an entry, as `ast.unparse` writes it."""
    return f"{owner}[{key!r}]"
