"""The keys that code reads from a dictionary, how it uses each entry, and the dictionaries of a package that fit."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any

_OF_SEQUENCES = ("len", "zip", "enumerate", "sum", "list", "tuple", "reversed")
"""Functions whose argument is a sequence."""
_OF_DICTIONARIES = ("get", "keys", "values", "items")


@dataclass(frozen=True)
class Entry:
    """One entry, by its uses: the strings that it is compared with, the length of a sequence, 0 for none."""

    key: str
    words: tuple[str, ...] = ()
    length: int = 0
    is_dictionary: bool = False


def names_of(functions: Iterable[ast.AST], name: str) -> set[str]:
    """The names that functions have for a dictionary, as the source writes them: `config` is kept as `self.config`."""
    found = {name}
    for node in (node for function in functions for node in ast.walk(function)):
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
            sides = {ast.unparse(node.value), *map(ast.unparse, node.targets)}
            found |= sides if sides & found else set()
    return found


def entries_in(functions: Iterable[ast.AST], owners: Set[str]) -> list[Entry]:
    """The entries that functions read from a dictionary by these names, each once, in the order of the source."""
    nodes = [node for function in functions for node in ast.walk(function)]
    keys: dict[str, set[str]] = {}
    for node in nodes:
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
            continue
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(key, str) and ast.unparse(node.value) in owners:
            keys.setdefault(key, set()).add(ast.unparse(node))
    return [_entry(nodes, key, texts) for key, texts in keys.items()]


def _entry(nodes: list[ast.AST], key: str, texts: set[str]) -> Entry:
    """The entry `key`, which the code reads by these texts."""
    names = set(texts)
    for node in nodes:  # `dims = config["dims"]`
        if isinstance(node, ast.Assign) and ast.unparse(node.value) in texts:
            names |= {ast.unparse(target) for target in node.targets if not isinstance(target, ast.Tuple)}
    words: list[str] = []
    length, is_dictionary = 0, False
    for node in nodes:
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in names:
            index = node.slice.value if isinstance(node.slice, ast.Constant) else 1
            is_dictionary = is_dictionary or isinstance(index, str)
            length = max(length, 2, index + 1) if isinstance(index, int) else length
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in names:
            is_dictionary = is_dictionary or node.attr in _OF_DICTIONARIES
        elif isinstance(node, (ast.For, ast.comprehension)) and ast.unparse(node.iter) in names:
            length = max(length, 2)
        elif isinstance(node, ast.Assign) and ast.unparse(node.value) in names:
            target = node.targets[0]
            length = max(length, len(target.elts)) if isinstance(target, ast.Tuple) else length
        elif isinstance(node, ast.Call):
            is_dictionary = is_dictionary or any(
                word.arg is None and ast.unparse(word.value) in names for word in node.keywords
            )
            if getattr(node.func, "id", None) in _OF_SEQUENCES and {ast.unparse(item) for item in node.args} & names:
                length = max(length, 2)
        elif isinstance(node, ast.Compare) and ast.unparse(node.left) in names:
            compared = [item for other in node.comparators for item in getattr(other, "elts", [other])]
            words += [item.value for item in compared if isinstance(item, ast.Constant) and type(item.value) is str]
    return Entry(key, tuple(dict.fromkeys(words)), length, is_dictionary)


def dictionaries_with(keys: Iterable[str], package: str, accepts: Callable[[Any], bool]) -> Iterator[dict[str, Any]]:
    """The dictionaries that a package writes, in its modules or classes, which have all these keys.

    Also those that are entries of such dictionaries. `accepts` says which of them can be written out.
    """
    wanted = set(keys)
    for name, module in sorted(sys.modules.items()):
        if module is None or name.partition(".")[0] != package:
            continue
        for value in list(vars(module).values()):
            inner = list(vars(value).values()) if isinstance(value, type) and value.__module__ == name else []
            for found in (value, *inner):
                yield from (each for each in _nested(found, 3) if wanted <= each.keys() and accepts(each))


def _nested(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if type(value) is dict and depth and len(value) < 100:
        yield value
        for entry in value.values():
            yield from _nested(entry, depth - 1)
