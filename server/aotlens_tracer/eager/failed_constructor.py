"""The call in a constructor that raised an error, with the values of the arguments that the error is about."""

from __future__ import annotations

import ast
import linecache
import re
import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ..failures import EXAMPLE_FILE, Codebase, shown, text_of
from ..graph.labels import brief
from ..graph.stack_traces import source_text, span_of
from ..loading.definitions import qualified_name
from ..wire.descriptor_map import Span
from ..wire.operands import Clash, ClashingPart, FailedOperation, Operand
from .made_in_code import span_of_node
from .written_names import named_values, tree_of

_MOST = 4
_LONGEST = 80
"""The number of characters of a value that are shown."""
_PLAIN = (int, float, str, tuple, list, type(None), torch.dtype, torch.device)
_ABOUT_NAMES = (NameError, AttributeError, LookupError, TypeError, ImportError)
"""Errors that no value of an argument explains."""


def failed_constructor(error: BaseException, codebase: Codebase) -> FailedOperation | None:
    """Return the innermost call of the user's code that raised an error, with the values that the error is about.

    These are the arguments of the function that was called which the error's text names; else those of the condition
    that the user's own line checks. None if the error came from elsewhere, or if no value is known.
    """
    frames = _frames(error)
    user = next((n for n in reversed(range(len(frames))) if codebase.owns(frames[n].f_code.co_filename)), None)
    if user is None or frames[user].f_code.co_filename == EXAMPLE_FILE or isinstance(error, _ABOUT_NAMES):
        return None
    frame = frames[user]
    span = span_of(frame)
    if span is None:
        return None
    called = frames[user + 1 :]
    operands = tuple(_named_by_error(called, frame, span, text_of(error)) if called else _checked(frame, span))[:_MOST]
    if not operands:
        return None
    clash = Clash("value", tuple(ClashingPart(index) for index in range(len(operands))))
    line = linecache.getline(span.path, span.line).rstrip("\r\n") or None
    name = qualified_name(called[0].f_code) if called else None
    return FailedOperation(name, operands, source_text(span), span, clash=clash, line_text=line)


def _frames(error: BaseException) -> list[types.FrameType]:
    found = []
    traceback = error.__traceback__
    while traceback is not None:
        found.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return found


def _named_by_error(called: list[types.FrameType], user: types.FrameType, span: Span, text: str) -> Iterator[Operand]:
    """Yield the arguments of the called function whose names, or the ends of them, stand in the error's text."""
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    first = called[0].f_code
    count = first.co_argcount + first.co_kwonlyargcount
    arguments = {name: called[0].f_locals.get(name) for name in first.co_varnames[:count]}
    written = _written(span, first)
    named = [name for name in arguments if name in words and name != "self"]
    for name in named or [name for name in written if isinstance(arguments.get(name), (int, float))]:
        value = arguments[name]
        if isinstance(value, _PLAIN):
            expression = written.get(name)
            yield _operand(name, value, expression, user, span)


def _checked(frame: types.FrameType, span: Span) -> Iterator[Operand]:
    """Yield the values that a check of the user's names."""
    named = named_values(frame, span.line)
    for name, value in named:
        is_owner = any(other.startswith(f"{name}.") for other, _ in named)
        if isinstance(value, (*_PLAIN, torch.Tensor)) and not is_owner and not isinstance(value, nn.Module):
            yield _operand(name, value, name, frame, span)


def _operand(name: str, value: Any, expression: str | None, frame: types.FrameType, span: Span) -> Operand:
    is_tensor = isinstance(value, torch.Tensor)
    text = brief(value) if is_tensor else shown(value, _LONGEST)
    return Operand(
        name,
        text,
        str(value.dtype).removeprefix("torch.") if is_tensor else None,
        tuple(map(int, value.shape)) if is_tensor else None,
        str(value.device) if is_tensor else None,
        value.requires_grad if is_tensor else None,
        "constructor",
        expression if expression != text else None,
        _origin(expression, frame) or span,
    )


def _written(span: Span, called: types.CodeType) -> dict[str, str]:
    """Return how a call writes the arguments of the function that it reaches, by their names."""
    try:
        call = ast.parse(source_text(span) or "", mode="eval").body
    except SyntaxError:
        return {}
    if not isinstance(call, ast.Call) or any(isinstance(each, ast.Starred) for each in call.args):
        return {}
    is_method = called.co_varnames[:1] == ("self",)
    names = called.co_varnames[int(is_method) : called.co_argcount]
    found = {name: ast.unparse(each) for name, each in zip(names, call.args)}
    found |= {each.arg: ast.unparse(each.value) for each in call.keywords if each.arg is not None}
    return found


def _origin(expression: str | None, frame: types.FrameType) -> Span | None:
    """Return the place that gives a name its value: the last assignment in its function, else its argument."""
    function = _function(frame)
    if expression is None or function is None:
        return None
    found: ast.expr | ast.arg | None = None
    for node in ast.walk(function):  # arguments before the body
        if isinstance(node, ast.arg) and node.arg == expression and found is None:
            found = node
        elif isinstance(node, ast.Assign) and node.lineno < frame.f_lineno and _assigns(node, expression):
            found = node.value
    if found is None:
        return None
    return span_of_node(frame.f_code.co_filename, found)


def _assigns(node: ast.Assign, expression: str) -> bool:
    return any(ast.unparse(target) == expression for target in node.targets)


def _function(frame: types.FrameType) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    tree = tree_of(frame.f_code.co_filename)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == frame.f_code.co_name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first == frame.f_code.co_firstlineno:
                return node
    return None
