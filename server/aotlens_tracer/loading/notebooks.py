"""A notebook's code as a module: each statement is run on its own, as cells are, and one that fails binds nothing."""

from __future__ import annotations

import ast
import sys
import types

from ..wire.statements import Statement
from .importing import module_name, put_on_path
from .overlay import read_bytes
from .scripts import statements_of

_ENDING = ".ipynb"
_failed: dict[str, BaseException] = {}
"""The errors of the statements that should have bound names. A child traces one target."""


def is_notebook(path: str) -> bool:
    """Whether a file is a notebook. Its code comes with the request: the file itself is never read here."""
    return path.endswith(_ENDING)


def notebook_module(path: str, name: str, extra_roots: tuple[str, ...] = ()) -> types.ModuleType:
    """Return a module with what the code of a notebook binds.

    Raises SyntaxError, and what the statement raised that should have bound the first part of `name`; if that failed
    for want of another name, what the statement raised that should have bound that one.
    """
    put_on_path(module_name(path, extra_roots), path, extra_roots)
    compile(read_bytes(path), path, "exec")
    module = types.ModuleType(module_name(path).name)
    module.__file__ = path
    sys.modules[module.__name__] = module
    failed = _failed
    failed.clear()
    for statement in statements_of(path):
        try:
            exec(compile(ast.Module(_parsed(statement), []), path, "exec"), vars(module))
        except (Exception, SystemExit) as error:
            failed.update(dict.fromkeys(_bound(statement), error))
    first = name.split(".")[0]
    if first in failed and first not in vars(module):
        raise missing_name(failed[first]) or failed[first]
    return module


def missing_name(error: BaseException | None) -> BaseException | None:
    """Return why a name is missing for want of which code of the notebook failed; None if that is not why it failed."""
    cause, seen = None, 0
    while isinstance(error, NameError) and error.name in _failed and seen < len(_failed):
        error = cause = _failed[error.name]
        seen += 1
    return cause


def _parsed(statement: Statement) -> list[ast.stmt]:
    """Return the syntax of whole lines of the file, at their lines."""
    tree = ast.parse(statement.text, statement.path)
    ast.increment_lineno(tree, statement.line - 1)
    return tree.body


def _bound(statement: Statement) -> set[str]:
    """Return the names that a statement may bind in the module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(statement.text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found
