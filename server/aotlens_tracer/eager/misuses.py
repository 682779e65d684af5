"""Expressions that Python refuses: what the object has instead, how many values there are, what the function takes."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import types
from collections import UserDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import nn

from ..failures import Codebase, shown, text_of
from ..graph.stack_traces import code_point_column
from ..wire.descriptor_map import Span
from ..wire.misuses import Absent, Misuse, OtherArguments, Unpacked
from .written_names import MISSING, tree_of, value_of

_MOST = 6
_LONGEST = 40
"""The number of characters of a key that are shown."""
_UNPACKED = re.compile(r"values to unpack \(expected (?:at least )?(\d+)(?:, got (\d+))?\)")
_UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")
_DICTS = (dict, UserDict, nn.ModuleDict, nn.ParameterDict)
_LISTS = (list, tuple, nn.ModuleList, nn.Sequential, nn.ParameterList)

Counted = Callable[[Span], int | None]
"""How many values the call of torch's at a place returned last; None if that is not known."""


def misuse_of(
    error: BaseException, frame: types.FrameType, span: Span, codebase: Codebase, counted: Counted
) -> Misuse | None:
    """Return what is wrong with the expression at `span`, in the code of `frame`; None if that explains no error.

    No code of the user's runs for this.
    """
    if isinstance(error, ValueError):
        return _unpacked(error, frame, span, counted)
    for node in _nodes_at(span):
        found: Misuse | None = None
        if isinstance(error, KeyError) and isinstance(node, ast.Subscript):
            found = _missing_key(error, node, frame)
        elif isinstance(error, IndexError) and isinstance(node, ast.Subscript):
            found = _missing_index(node, frame)
        elif isinstance(error, AttributeError) and isinstance(node, ast.Attribute):
            found = _missing_attribute(error, node, frame)
        elif isinstance(error, TypeError) and isinstance(node, ast.Call):
            found = _other_arguments(error, node, frame, codebase)
        if found is not None:
            return found
    return None


def unpacks_shape(frame: types.FrameType, span: Span) -> bool:
    """Whether a statement unpacks the sizes of a tensor, or the tensor itself."""
    value = next((node.value for node in _assignments_at(span)), None)
    if isinstance(value, ast.Call):
        value = value.func
    if isinstance(value, ast.Attribute) and value.attr in ("shape", "size"):
        value = value.value
    return value is not None and isinstance(value_of(value, frame), torch.Tensor)


def _missing_key(error: KeyError, node: ast.Subscript, frame: types.FrameType) -> Absent | None:
    owner = value_of(node.value, frame)
    if not isinstance(owner, _DICTS) or len(error.args) != 1:
        return None
    keys, key = list(owner.keys()), error.args[0]
    if any(each == key for each in keys if type(each) is type(key)):
        return None
    written = _literal(node.slice, frame)
    if written is not MISSING and written != key:
        return None
    similar = _similar(key, keys) if isinstance(key, str) else None
    names = tuple(shown(each, _LONGEST) for each in keys[:_MOST])
    return Absent(
        "key",
        ast.unparse(node.value),
        _type_of(owner),
        shown(key, _LONGEST),
        names,
        len(keys),
        repr(similar) if similar else None,
    )


def _missing_index(node: ast.Subscript, frame: types.FrameType) -> Absent | None:
    owner, index = value_of(node.value, frame), _literal(node.slice, frame)
    if not isinstance(owner, _LISTS) or type(index) is not int or -len(owner) <= index < len(owner):
        return None
    return Absent("index", ast.unparse(node.value), _type_of(owner), str(index), (), len(owner))


def _missing_attribute(error: AttributeError, node: ast.Attribute, frame: types.FrameType) -> Absent | None:
    owner = value_of(node.value, frame)
    owner = getattr(error, "obj", None) if owner is MISSING else owner
    if f"'{node.attr}'" not in text_of(error) or hasattr(type(owner), node.attr):
        return None
    if getattr(error, "name", None) not in (None, node.attr):
        return None
    is_plain = owner is None or isinstance(owner, (torch.Tensor, types.ModuleType))
    own = [] if is_plain else _own_names(owner)
    similar = None if owner is None else _similar(node.attr, [*own, *_names_of_class(owner)])
    return Absent(
        "attribute", ast.unparse(node.value), _type_of(owner), node.attr, tuple(own[:_MOST]), len(own), similar
    )


def _type_of(owner: Any) -> str:
    return "Tensor" if isinstance(owner, torch.Tensor) else type(owner).__name__


def _own_names(owner: Any) -> list[str]:
    """Return the public names of an object's own attributes, and of a module's layers and tensors."""
    own = getattr(owner, "__dict__", {})
    if isinstance(owner, nn.Module):
        own = {**own["_modules"], **own["_parameters"], **own["_buffers"], **_plain(own)}
    return [name for name in own if isinstance(name, str) and not name.startswith("_")]


def _plain(own: dict[str, Any]) -> dict[str, Any]:
    torchs = vars(nn.Module())
    return {name: value for name, value in own.items() if name not in torchs}


def _names_of_class(owner: Any) -> Iterator[str]:
    names = vars(owner) if isinstance(owner, types.ModuleType) else dir(type(owner))
    yield from (name for name in names if not name.startswith("_"))


def _unpacked(error: ValueError, frame: types.FrameType, span: Span, counted: Counted) -> Unpacked | None:
    match = _UNPACKED.search(text_of(error))
    for node in _assignments_at(span) if match is not None else ():
        names = next((each.elts for each in node.targets if isinstance(each, (ast.Tuple, ast.List))), [])
        if match is None or len(names) != int(match[1]) or any(isinstance(each, ast.Starred) for each in names):
            continue
        value = value_of(node.value, frame)
        given = int(match[2]) if match[2] is not None else None
        if given is None and isinstance(value, (list, tuple, dict)):
            given = len(value)
        if given is None and (place := _span_of(span.path, node.value)) is not None:
            given = counted(place)
        if given == len(names):  # the names have other values by now
            given = None
        return Unpacked(_in_one_line(node.value), given, tuple(ast.unparse(each) for each in names))
    return None


def _other_arguments(
    error: TypeError, node: ast.Call, frame: types.FrameType, codebase: Codebase
) -> OtherArguments | None:
    called = value_of(node.func, frame)
    if called is MISSING and isinstance(node.func, ast.Attribute):
        owner = value_of(node.func.value, frame)
        called = inspect.getattr_static(type(owner), node.func.attr, None) if owner is not MISSING else None
    if isinstance(called, nn.Module):
        called = inspect.getattr_static(type(called), "forward", None)
    elif isinstance(called, type):
        called = inspect.getattr_static(called, "__init__", None)
    is_static = isinstance(called, staticmethod)
    called = inspect.unwrap(getattr(called, "__func__", called))
    if not isinstance(called, types.FunctionType) or not codebase.owns(called.__code__.co_filename):
        return None
    text = text_of(error)
    if not text.startswith(f"{called.__qualname__}() "):
        return None
    parameters = list(inspect.signature(called).parameters.values())
    is_method = (
        "." in called.__qualname__ and not is_static and parameters[:1] and parameters[0].name in ("self", "cls")
    )
    shown = [each.replace(annotation=inspect.Parameter.empty) for each in parameters[int(bool(is_method)) :]]
    unexpected = _UNEXPECTED.search(text)
    similar = _similar(unexpected[1], [each.name for each in shown]) if unexpected is not None else None
    takes = str(inspect.Signature(shown))
    return OtherArguments(
        called.__qualname__, takes[:120], Span(called.__code__.co_filename, _def_line(called.__code__)), similar
    )


def _def_line(code: types.CodeType) -> int:
    """Return the line of the `def` of a function: its code begins with its first decorator."""
    tree = tree_of(code.co_filename)
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name != code.co_name:
            continue
        if code.co_firstlineno in (node.lineno, *(each.lineno for each in node.decorator_list)):
            return node.lineno
    return code.co_firstlineno


def _similar(name: str, names: Iterable[Any]) -> str | None:
    """Return the name most like another: other letters, another order of its words, or words before it."""
    known = list(dict.fromkeys(each for each in names if isinstance(each, str) and each != name))
    words = sorted(name.lower().split("_"))
    for each in known:
        if sorted(each.lower().split("_")) == words:
            return each
    close = difflib.get_close_matches(name, known, 1, 0.75)
    if close:
        return close[0]
    longer = [each for each in known if len(name) > 2 and each.endswith(f"_{name}")]
    return longer[0] if len(longer) == 1 else None


def _literal(node: ast.expr, frame: types.FrameType) -> Any:
    """Return the value of an index or key that is a literal or a name."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return value_of(node, frame)


def _nodes_at(span: Span) -> list[ast.expr]:
    """Return the expressions that end where a span ends, and begin there if they are on one line."""
    tree = tree_of(span.path) if span.column is not None else None
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        place = _span_of(span.path, node) if isinstance(node, ast.expr) and node.end_lineno == span.end_line else None
        if place is None or not isinstance(node, ast.expr) or place.end_column != span.end_column:
            continue
        if place.line < span.line or (place.line, place.column) == (span.line, span.column):
            found.append(node)
    return found


def _assignments_at(span: Span) -> list[ast.Assign]:
    """Return the assignments whose targets begin where a span begins."""
    tree = tree_of(span.path) if span.column is not None else None
    return [
        node
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Assign) and any(_begins_at(target, span) for target in node.targets)
    ]


def _begins_at(node: ast.expr, span: Span) -> bool:
    place = _span_of(span.path, node)
    return place is not None and (place.line, place.column) == (span.line, span.column)


def _span_of(path: str, node: ast.expr) -> Span | None:
    if node.end_lineno is None or node.end_col_offset is None:
        return None
    start = code_point_column(path, node.lineno, node.col_offset)
    return Span(
        path, node.lineno, start, node.end_lineno, code_point_column(path, node.end_lineno, node.end_col_offset)
    )


def _in_one_line(node: ast.expr) -> str:
    return " ".join(ast.unparse(node).split())
