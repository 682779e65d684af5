"""Scripts, whose files are not imported, since that may train: their statements, and a module to run them in."""

from __future__ import annotations

import ast
import contextlib
import sys
import types
from collections.abc import Sequence

from ..wire.statements import Statement
from .importing import module_name, put_on_path
from .overlay import read_bytes

_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def script_module(path: str, extra_roots: tuple[str, ...] = ()) -> types.ModuleType:
    """Return an empty module for a script, with the name under which it would be imported, and known to Python."""
    named = module_name(path, extra_roots)
    put_on_path(named, path, extra_roots)
    module = types.ModuleType(named.name)
    module.__file__ = path
    module.__package__ = named.name.rpartition(".")[0]
    sys.modules[named.name] = module
    return module


def statements_of(path: str) -> tuple[Statement, ...]:
    """Return the statements of the module level that importing a file would run; none if it is not Python.

    Code in `if __name__ == "__main__":` is not among them.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
        tree = ast.parse(text, path)
    except (OSError, SyntaxError, ValueError):
        return ()
    lines = text.splitlines(keepends=True)
    found: list[Statement] = []
    end = 0
    for node in tree.body:
        start = _first_line(node)
        if _is_main(node) or start <= end:  # a second statement of one line is there already
            continue
        end = max(other.end_lineno or start for other in tree.body if other is node or other.lineno == start)
        found.append(Statement("".join(lines[start - 1 : end]), path, start))
    return tuple(found)


def imports_of(statements: Sequence[Statement]) -> list[Statement]:
    """Return the statements that import something."""
    return [
        each for each in statements if any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in _syntax(each))
    ]


def is_definition(statement: Statement) -> bool:
    """Whether a statement imports something, or defines a function or class: to run it once is enough."""
    nodes = _syntax(statement)
    return bool(nodes) and all(isinstance(node, _DEFINITIONS) for node in nodes)


def up_to_definitions(statements: Sequence[Statement]) -> Sequence[Statement]:
    """Return the statements up to the last that defines or imports something."""
    last = max((index for index, each in enumerate(statements) if is_definition(each)), default=-1)
    return statements[: last + 1]


def _syntax(statement: Statement) -> list[ast.stmt]:
    with contextlib.suppress(SyntaxError, ValueError):
        return ast.parse(statement.text).body
    return []


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", None)
    return decorators[0].lineno if decorators else node.lineno


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(node.test)
    )
