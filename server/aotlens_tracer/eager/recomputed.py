"""A checkpoint that computes other values again than it did in forward: its call, and the state that is another.

Torch's error stands in the backward pass and names neither. Here the steps are made once more, and each call of a
checkpoint is watched: where the user calls it, the plain values of the modules then, and when it is computed again.
"""

from __future__ import annotations

import contextlib
import re
import sys
import types
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from ..examples.evaluate import BuiltExample
from ..failures import EXAMPLE_FILE, Codebase, RecomputedAt, code_line, shortened, text_of
from ..graph.labels import short_type
from ..graph.stack_traces import source_text, span_of
from ..torch_private import checkpoint_of, watching_checkpoints
from ..wire.places import Expression, Frame, Span
from ..wire.problems import OtherState, OtherTensor

_COUNTS = re.compile(r"saved during forward: (\d+)\s+Number of tensors saved during recomputation: (\d+)")
_METADATA = r"\{'shape': torch\.Size\(\[(.*?)\]\), 'dtype': torch\.(\w+), 'device': device\((.*?)\)\}"
_TENSOR = re.compile(rf"tensor at position (\d+):\s+saved metadata: {_METADATA}\s+recomputed metadata: {_METADATA}")
"""Parts of torch's own messages (`check_recomputed_tensors_match` in torch/utils/checkpoint.py)."""
_TORCHS = frozenset(vars(nn.Module())) - {"training"}
_MOST = 3

_State = dict[str, tuple[str, bool]]


@dataclass
class _Noted:
    """A call of a checkpoint: the user's frames down to it, and its state then and when it was computed again."""

    record: Any
    span: Span | None
    frames: tuple[Frame, ...]
    before: _State
    after: _State | None = None
    names: set[str] = field(default_factory=set)


def what_is_recomputed(
    run: Callable[[BuiltExample], object], example: BuiltExample, codebase: Codebase
) -> RecomputedAt | None:
    """Return the checkpoint that computes other values again, when `run` calls an example; None without one."""
    noted: dict[int, _Noted] = {}

    def watch(record: Any, again: Callable[..., Any]) -> Callable[..., Any]:
        frames = list(_user_frames(codebase))
        span = span_of(frames[0]) if frames else None
        call = _Noted(record, span, _shown(frames), _state(example.module))
        noted[id(record)] = call

        def computed_again(*args: Any, **kwargs: Any) -> Any:
            if call.after is not None:  # a second backward pass
                return again(*args, **kwargs)
            call.after = _state(example.module)
            with _noting_names(codebase, call.names):
                return again(*args, **kwargs)

        return computed_again

    with example.fake(), torch.compiler.set_stance("force_eager"), watching_checkpoints(watch):
        try:
            run(example)
        except Exception as error:
            cause = error.__cause__ if error.__cause__ is not None and checkpoint_of(error.__cause__) else error
            call = noted.get(id(checkpoint_of(cause)))
            return _found(call, cause) if call is not None and call.span is not None else None
    return None


def _found(call: _Noted, error: BaseException) -> RecomputedAt:
    assert call.span is not None
    text = text_of(error)
    counts = _COUNTS.search(text)
    tensor = _TENSOR.search(text)
    return RecomputedAt(
        Expression(source_text(call.span) or "", call.span),
        (int(counts[1]), int(counts[2])) if counts is not None else None,
        _other_tensor(tensor) if tensor is not None else None,
        tuple(_changed(call.before, call.after or call.before, call.names)),
        call.frames,
        error,
    )


def _other_tensor(match: re.Match[str]) -> OtherTensor:
    one, other = match.groups()[1:4], match.groups()[4:7]
    has_devices = one[2] != other[2]
    return OtherTensor(int(match[1]), _type(one, has_devices), _type(other, has_devices))


def _type(metadata: tuple[str, ...], with_device: bool) -> str:
    shape, dtype, device = metadata
    found = re.sub(r"type=|index=|'", "", device).replace(", ", ":")
    return f"{short_type(dtype)}[{shape}]" + (f" on {found}" if with_device else "")


def _changed(before: _State, after: _State, names: Collection[str]) -> Iterator[OtherState]:
    """Yield the values that are others when the checkpoint is computed again, if the code that it runs names them."""
    found = (
        OtherState(name, value, after[name][0], is_length)
        for name, (value, is_length) in before.items()
        if name in after and after[name] != (value, is_length) and after[name][1] is is_length
        if name.rpartition(".")[2] in names
    )
    yield from list(found)[:_MOST]


def _state(root: nn.Module | None) -> _State:
    """Return the plain attributes of all modules: their repr, or the length of a container (True then)."""
    found: _State = {}
    for path, module in root.named_modules() if root is not None else ():
        for name, value in vars(module).items():
            if name in _TORCHS:
                continue
            own = f"{path}.{name}" if path else name
            if value is None or type(value) in (bool, int, float, str):
                found[own] = (repr(value)[:40], False)
            elif type(value) in (list, dict, set, tuple):
                found[own] = (str(len(value)), True)
    return found


@contextlib.contextmanager
def _noting_names(codebase: Codebase, names: set[str]) -> Iterator[None]:
    """Collect the names of attributes in the user's functions that run in this context."""
    before = sys.getprofile()

    def on_event(frame: types.FrameType, event: str, argument: Any) -> None:
        if event == "call" and codebase.owns(frame.f_code.co_filename):
            names.update(frame.f_code.co_names)

    sys.setprofile(on_event)
    try:
        yield
    finally:
        sys.setprofile(before)


def _user_frames(codebase: Codebase) -> Iterator[types.FrameType]:
    """Yield the frames of the user's files that are running, innermost first."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if path != EXAMPLE_FILE and codebase.owns(path):
            yield frame
        frame = frame.f_back


def _shown(frames: list[types.FrameType]) -> tuple[Frame, ...]:
    shown = [
        Frame(path, each.f_lineno, each.f_code.co_name, code_line(path, each.f_lineno))
        for each in reversed(frames)
        for path in [each.f_code.co_filename]
    ]
    return shortened(shown)
