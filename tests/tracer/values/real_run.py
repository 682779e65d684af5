"""The truth about assignments: `sys.settrace` reads what each assigned name holds in a run on real tensors.

It shares nothing with the recording under test: it sees lines, frames and their local variables.
"""

from __future__ import annotations

import ast
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

Assigned = tuple[str, int, int]
"""The file of an assignment, and the line and column (1-based, in characters) of the name that it binds."""
Fact = tuple[tuple[int, ...], str]
"""A shape and a dtype."""


@dataclass
class Truth:
    """How often each assigned name got a tensor of a shape and dtype, and the error that ended the run."""

    counts: Counter[tuple[Assigned, Fact]] = field(default_factory=Counter)
    error: BaseException | None = None


@dataclass
class _Statement:
    """An assignment: its lines, and the names that it binds with their places."""

    start: int
    end: int
    names: list[tuple[str, int, int]]


def run_traced(call: Callable[[], Any], paths: Iterable[str]) -> Truth:
    """Make a call; return what all assignments of names in these files got in it."""
    truth = Truth()
    statements = {path: _statements(path) for path in paths}

    def on_call(frame: types.FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        known = statements.get(code.co_filename)
        if known is None or code.co_name.startswith("<"):
            return None
        return _Frame(code.co_filename, known, truth).on_event

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        call()
    except BaseException as error:
        truth.error = error
    finally:
        sys.settrace(before)
    return truth


class _Frame:
    """Follows the lines of one frame."""

    def __init__(self, path: str, statements: dict[int, _Statement], truth: Truth) -> None:
        self._path = path
        self._statements = statements
        self._truth = truth
        self._running: _Statement | None = None

    def on_event(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "exception":
            self._running = None
        elif event == "return":
            self._finish(frame)
            self._running = None
        elif event == "line":
            now = self._statements.get(frame.f_lineno)
            if now is not self._running:
                self._finish(frame)
                self._running = now
        return self.on_event

    def _finish(self, frame: types.FrameType) -> None:
        if self._running is None:
            return
        for name, line, column in self._running.names:
            value = frame.f_locals.get(name)
            if isinstance(value, torch.Tensor):
                with torch._C.DisableTorchFunction():
                    fact = tuple(value.shape), str(value.dtype).removeprefix("torch.")
                self._truth.counts[(self._path, line, column), fact] += 1


def _statements(path: str) -> dict[int, _Statement]:
    """The assignment that stands on each line of a file; a line with two statements counts for none."""
    text = Path(path).read_text(encoding="utf-8")
    lines = text.splitlines()
    found: dict[int, _Statement] = {}
    taken: Counter[int] = Counter()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.stmt):
            continue
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [
                (each.id, each.lineno, len(lines[each.lineno - 1].encode()[: each.col_offset].decode()) + 1)
                for target in targets
                for each in _names(target)
            ]
            end = node.end_lineno or node.lineno
            for line in range(node.lineno, end + 1):
                found[line] = _Statement(node.lineno, end, names) if line == node.lineno else found[node.lineno]
        taken[node.lineno] += 1
    return {line: statement for line, statement in found.items() if taken[line] <= 1}


def _names(target: ast.expr) -> list[ast.Name]:
    if isinstance(target, ast.Name):
        return [target]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for item in target.elts for name in _names(item)]
    return []
