"""The classes and functions of a user's module: resolved by qualified name, and located by line."""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import types
from collections.abc import Iterator
from typing import Any

from torch import nn

from ..failures import TraceError
from ..wire.advice import DefinedClasses, Known, SimilarTargets
from ..wire.class_names import module_of_type
from ..wire.descriptor_map import Failure, Target
from ..wire.problems import GoneAfterImport, NoSuchTarget, NotAModule, NotCallable
from .overlay import read_bytes


def module_classes(module: types.ModuleType, path: str) -> list[Target]:
    """Return the `nn.Module` classes that the file defines, nested ones included, in the order of their lines."""
    found: dict[str, Target] = {}
    for owner, name, value in _walk(module, module.__name__, set()):
        if isinstance(value, type) and issubclass(value, nn.Module) and value.__name__ == name:
            found.setdefault(owner + name, Target(path, owner + name, line_of(value, path)))
    return sorted(found.values(), key=lambda target: target.line or 0)


def _walk(owner: Any, module_name: str, seen: set[int], prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    for name, value in list(vars(owner).items()):
        if isinstance(value, type) and module_of_type(value) == module_name and id(value) not in seen:
            if value.__qualname__ != prefix + name:
                continue
            seen.add(id(value))
            yield prefix, name, value
            yield from _walk(value, module_name, seen, f"{prefix}{name}.")


def resolve(module: types.ModuleType, path: str, qualname: str) -> Any | None:
    """Return what `qualname` names in the module; None for something inside a function, which only that can reach.

    Raises TraceError with stage target if there is no such class or function, or if it cannot be traced.
    """
    value: Any = module
    for part in qualname.split("."):
        if part == "<locals>":
            return None
        try:
            value = inspect.getattr_static(value, part) if isinstance(value, type) else getattr(value, part)
        except AttributeError:
            if local_definition(path, qualname) is not None:
                return None
            raise TraceError(_no_such_target(path, qualname)) from None
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if isinstance(value, type) and not issubclass(value, nn.Module):
        raise TraceError(
            Failure("target", "error", NotAModule(qualname), path, line_of(value, path), advice=Known("trace-a-module"))
        )
    if not callable(value):
        raise TraceError(
            Failure(
                "target",
                "error",
                NotCallable(qualname, type(value).__name__),
                path,
                advice=Known("trace-a-module"),
            )
        )
    return value


def line_of(value: Any, path: str) -> int | None:
    """Return the line of the `class` or `def` of a class or function; None if the file does not define it."""
    qualname = getattr(value, "__qualname__", None)
    if qualname is None:
        return None
    candidates = [node for name, node in definitions(path) if name == qualname]
    if len(candidates) > 1 and isinstance(value, type):
        lines = {
            member.__code__.co_firstlineno
            for member in vars(value).values()
            if isinstance(member, types.FunctionType) and member.__code__.co_filename == path
        }
        holding = [node for node in candidates if any(node.lineno <= line <= (node.end_lineno or 0) for line in lines)]
        candidates = holding or candidates
    return candidates[-1].lineno if candidates else None


@functools.cache
def definitions(path: str) -> list[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Return every class and function of a file with its qualified name, as `__qualname__` would have it."""
    try:
        tree = ast.parse(read_bytes(path))
    except (OSError, SyntaxError, ValueError):
        return []
    found: list[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]] = []

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.append((prefix + child.name, child))
                visit(child, f"{prefix}{child.name}.<locals>.")
            elif isinstance(child, ast.ClassDef):
                found.append((prefix + child.name, child))
                visit(child, f"{prefix}{child.name}.")
            else:
                visit(child, prefix)

    visit(tree, "")
    return found


def qualified_name(code: types.CodeType) -> str:
    """Return the qualified name of the function that some code is of, the same on all versions of Python.

    Python 3.10 does not keep it with the code: there it is read from the file, and is the plain name if that is gone.
    """
    return str(code.co_qualname) if hasattr(code, "co_qualname") else name_in_file(code)


def name_in_file(code: types.CodeType) -> str:
    """Return the qualified name of a function by its line; its plain name if it is not found.

    What has no name, such as a lambda, is named after the definition around it.
    """
    around = ""
    for name, node in definitions(code.co_filename):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        is_function = not isinstance(node, ast.ClassDef)
        if is_function and node.name == code.co_name and first == code.co_firstlineno:
            return name
        if node.body[0].lineno <= code.co_firstlineno <= (node.end_lineno or 0):
            around = f"{name}.<locals>." if is_function else f"{name}."
    return around + code.co_name if code.co_name.startswith("<") else code.co_name


def local_definition(path: str, qualname: str) -> str | None:
    """Return the full qualified name of a definition inside a function, by its short name; None if there is none."""
    for name, _ in definitions(path):
        if "<locals>" in name and (
            name.replace(".<locals>", "") == qualname.replace(".<locals>", "") or name.endswith(f"<locals>.{qualname}")
        ):
            return name
    return None


def _no_such_target(path: str, qualname: str) -> Failure:
    found = [(name, node) for name, node in definitions(path) if "<locals>" not in name]
    names = list(dict.fromkeys(name for name, _ in found))
    if qualname in names:
        line = [node.lineno for name, node in found if name == qualname][-1]
        return Failure("target", "error", GoneAfterImport(qualname), path, line, advice=Known("conditional-definition"))
    near = difflib.get_close_matches(qualname, names, n=3, cutoff=0.5)
    if not near:
        near = [name for name in names if name.lower().endswith(qualname.lower())][:3]
    classes = [name for name, node in found if isinstance(node, ast.ClassDef)]
    advice = SimilarTargets(tuple(near)) if near else DefinedClasses(tuple(classes))
    return Failure("target", "error", NoSuchTarget(qualname), path, advice=advice)
