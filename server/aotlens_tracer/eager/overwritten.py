"""Values that a derivative needs and that are changed in place before it is computed, and the statements that do so.

Torch's error names neither. Here the call and its backward pass are made once more, and watched: what autograd saves
(through hooks for saved tensors, which see each tensor with its version), and each operator that writes to memory. With
such hooks torch does not compare versions, so they are compared here.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from ..examples.evaluate import BuiltExample
from ..failures import EXAMPLE_FILE, ChangedInPlace, Codebase, code_line, shortened
from ..graph.stack_traces import code_point_column, source_text, span_of
from ..graph.tensors import storages_of
from ..torch_private import TorchDispatchMode, is_foreach, pytree, version_of, written_arguments
from ..wire.places import Expression, Frame, Span


@dataclass(frozen=True)
class _Saved:
    """A tensor that autograd saved: its version and the number of writes by then, and the user's place."""

    tensor: torch.Tensor
    version: int
    writes: int
    place: Span | None


@dataclass(frozen=True)
class _Write:
    """A statement that writes to memory, with the user's frames down to it, outermost first."""

    memory: frozenset[int]
    place: Span
    frames: tuple[Frame, ...]


@dataclass
class Watch:
    """The tensors that are saved and written while a call and its backward pass run."""

    codebase: Codebase
    found: ChangedInPlace | None = None
    """The first value that a derivative needed and that was not as it was saved; None if there is none."""
    _writes: list[_Write] = field(default_factory=list)

    def save(self, tensor: torch.Tensor) -> _Saved:
        """Note a tensor that autograd saves."""
        frame = next(self._user_frames(), None)
        return _Saved(tensor, version_of(tensor), len(self._writes), span_of(frame) if frame is not None else None)

    def need(self, saved: _Saved) -> torch.Tensor:
        """Return a saved tensor to the derivative that needs it."""
        if self.found is None and version_of(saved.tensor) != saved.version:
            memory = storages_of(saved.tensor)
            writes = [write for write in self._writes[saved.writes :] if not write.memory.isdisjoint(memory)]
            if writes:
                needed = _expression(saved.place) if saved.place is not None else None
                by = tuple(dict.fromkeys(_statement(write.place) for write in writes))
                self.found = ChangedInPlace(needed, by, writes[0].frames)
        return saved.tensor

    def write(self, tensor: torch.Tensor) -> None:
        """Note a tensor that an operator writes to."""
        memory = frozenset(storages_of(tensor))
        frames = list(self._user_frames())
        if memory and frames:
            shown = [
                Frame(path, each.f_lineno, each.f_code.co_name, code_line(path, each.f_lineno))
                for each in reversed(frames)
                for path in [each.f_code.co_filename]
            ]
            self._writes.append(_Write(memory, span_of(frames[0]), shortened(shown)))

    def _user_frames(self) -> Iterator[types.FrameType]:
        """Yield the frames of the user's files that are running, innermost first."""
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None:
            path = frame.f_code.co_filename
            if path != EXAMPLE_FILE and self.codebase.owns(path):
                yield frame
            frame = frame.f_back


def what_is_changed(
    run: Callable[[BuiltExample], object], example: BuiltExample, codebase: Codebase
) -> ChangedInPlace | None:
    """Return the first value that a derivative needs, and that was changed, when `run` calls an example; None without.

    The run may end in another way than it did before: what was seen counts.
    """
    with example.fake(), torch.compiler.set_stance("force_eager"), watching(codebase) as watch:
        with contextlib.suppress(Exception):
            run(example)
    return watch.found


@contextlib.contextmanager
def watching(codebase: Codebase) -> Iterator[Watch]:
    """Watch what is saved and what is written while this is entered; `found` is then what torch's error is about."""
    watch = Watch(codebase)
    with torch.autograd.graph.saved_tensors_hooks(watch.save, watch.need), _Writes(watch):
        yield watch


class _Writes(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types here
    """Reports each tensor that an operator writes to."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the same
        self._watch = watch

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        for tensor in pytree.tree_leaves(written_arguments(func, args, kwargs)):
            if isinstance(tensor, torch.Tensor):
                self._watch.write(tensor)
                if is_foreach(func):  # within a dispatch mode torch counts no versions for these
                    torch.autograd.graph.increment_version(tensor)
        return func(*args, **kwargs)


def _expression(span: Span) -> Expression:
    return Expression(source_text(span) or "", span)


def _statement(span: Span) -> Expression:
    """Return the expression at a place, or the whole assignment to it, as in `x[0] = 1`: Python marks the target."""
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse("".join(linecache.getlines(span.path)))):
            targets: list[ast.expr] = []
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if isinstance(node, ast.stmt) and any(_begins_at(target, span) for target in targets):
                is_one_line = node.lineno == node.end_lineno
                end = code_point_column(span.path, span.line, node.end_col_offset or 0) if is_one_line else None
                return _expression(Span(span.path, span.line, span.column, span.line if is_one_line else None, end))
    return _expression(span)


def _begins_at(node: ast.expr, span: Span) -> bool:
    return node.lineno == span.line and code_point_column(span.path, node.lineno, node.col_offset) == span.column
