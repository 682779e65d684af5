"""The statements that keep state: one more call of a fresh example, watched after each line of the user's code."""

from __future__ import annotations

import ast
import contextlib
import linecache
import re
import sys
import time
import types
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch

from ..examples.evaluate import BuiltExample
from ..failures import EXAMPLE_FILE, Codebase
from ..graph.tensors import versions_of
from ..wire.places import Span
from .reachable import Reach, Reached

_LONGEST = 3.0
"""Seconds that a call is watched for."""

_ITEM = re.compile(r"\[[^\]]*\]$")

_Place = tuple[str, int]
_Seen = dict[str, tuple[torch.Tensor, list[int | None], bool]]


def keeping_lines(example: BuiltExample, codebase: Codebase, states: Sequence[Reached]) -> dict[str, Span]:
    """Call the example, and return the statements that keep these tensors, by their names.

    A name is left out if no statement was seen. What the call raises ends it.
    """
    watch = LineWatch(Reach(example, codebase), codebase, states)
    try:
        with watch.watching():
            example.function(*example.args, **example.kwargs)
    except BaseException:  # user code may raise SystemExit and KeyboardInterrupt too
        pass  # the lines until then are known
    return watch.statements()


class LineWatch:
    """Looks after each line of the user's files at the places where the call keeps some states.

    The statement that keeps a tensor is the last one after which it is there. For a tensor that is changed in place it
    is the first one that gives it a history, if one does.
    """

    def __init__(self, reach: Reach, codebase: Codebase, states: Sequence[Reached]) -> None:
        self._reach = reach
        self._codebase = codebase
        self._names = [state.name for state in states]
        self._anchors = reach.watched(states)
        self._until = time.perf_counter() + _LONGEST
        self._seen = self._look()
        self._lines: dict[int, _Place] = {}
        self._places: dict[str, _Place] = {}
        self._owned: dict[str, bool] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the lines that run in this context."""
        before = sys.gettrace()
        sys.settrace(self._on_call)
        try:
            yield
        finally:
            sys.settrace(before)

    def statements(self) -> dict[str, Span]:
        """Return the statements seen; a list that was longer before this call has its items under later names."""
        found = {}
        for name in self._names:
            alike = [place for known, place in self._places.items() if _ITEM.sub("", known) == _ITEM.sub("", name)]
            place = self._places.get(name) or next(reversed(alike), None)
            if place is not None:
                found[name] = statement_at(*place)
        return found

    def _on_call(self, frame: types.FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        """The trace function of a new frame: frames of others are not watched."""
        path = frame.f_code.co_filename
        if path not in self._owned:
            self._owned[path] = path != EXAMPLE_FILE and self._codebase.owns(path)
        if not self._owned[path]:
            return None
        self._lines[id(frame)] = (path, frame.f_lineno)
        return self._on_event

    def _on_event(self, frame: types.FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if event in ("line", "return"):
            self._compare(self._lines.get(id(frame)))
            self._lines[id(frame)] = (frame.f_code.co_filename, frame.f_lineno)
        if event == "return":
            self._lines.pop(id(frame), None)
        if time.perf_counter() > self._until:
            sys.settrace(None)
            return None
        return self._on_event

    def _compare(self, place: _Place | None) -> None:
        now = self._look()
        for name, (tensor, version, has_history) in now.items():
            before = self._seen.get(name)
            if place is None or (before is not None and before[0] is tensor and before[1:] == (version, has_history)):
                continue
            is_later_change = before is not None and before[0] is tensor and before[2] and name in self._places
            if not is_later_change:
                self._places[name] = place
        self._seen = now

    def _look(self) -> _Seen:
        return {
            each.name: (each.tensor, versions_of(each.tensor), each.tensor.requires_grad)
            for each in self._reach.below(self._anchors)
        }


def constructed_at(kind: type, attribute: str) -> Span | None:
    """Return the first statement in the constructors of a class that assigns or registers an attribute of `self`."""
    for base in kind.__mro__:
        constructor = vars(base).get("__init__")
        if not isinstance(constructor, types.FunctionType):
            continue
        path, line = constructor.__code__.co_filename, constructor.__code__.co_firstlineno
        for function in ast.walk(_parsed(path)):
            if isinstance(function, ast.FunctionDef) and line in (function.lineno, *_lines(function.decorator_list)):
                for node in ast.walk(function):
                    if _sets(node, attribute):
                        return statement_at(path, node.lineno)  # type: ignore[attr-defined]  # it sets, so it has one
    return None


def _lines(nodes: Collection[ast.expr]) -> list[int]:
    return [node.lineno for node in nodes]


def _sets(node: ast.AST, attribute: str) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == attribute and isinstance(node.ctx, ast.Store)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "register_buffer":
        return bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == attribute
    return False


def _parsed(path: str) -> ast.Module:
    """Return the tree of a file; an empty one if it is no Python."""
    try:
        return ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def statement_at(path: str, line: int) -> Span:
    """Return the innermost statement around a line of a file; the line alone if the file does not show it."""
    lines = linecache.getlines(path)
    statements = (node for node in ast.walk(_parsed(path)) if isinstance(node, ast.stmt))
    around = [node for node in statements if node.lineno <= line <= (node.end_lineno or node.lineno)]
    best = max(around, key=lambda node: node.lineno, default=None)
    if best is None or best.end_lineno is None or best.end_col_offset is None or hasattr(best, "body"):
        return Span(path, line)
    columns = (
        len(lines[row - 1].encode()[:offset].decode()) + 1
        for row, offset in ((best.lineno, best.col_offset), (best.end_lineno, best.end_col_offset))
    )
    return Span(path, best.lineno, next(columns), best.end_lineno, next(columns))
