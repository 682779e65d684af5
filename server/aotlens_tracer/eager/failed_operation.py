"""The operation that ended a call, with its operands: the call is made once more, and recorded."""

from __future__ import annotations

import linecache
import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.overrides import resolve_name

from ..examples.eager_call import call as call_in_eager
from ..examples.evaluate import BuiltExample
from ..failures import BackwardError, Codebase, ForwardError, clipped, reads_data, refused_in_place, text_of
from ..graph.birthplaces import Birthplaces
from ..graph.stack_traces import parse, source_text, spans_of_error
from ..values.dimensions import Dimensions
from ..wire.descriptor_map import Span
from ..wire.operands import FailedLayer, FailedOperation
from ..wire.places import Expression
from ..wire.problems import Raised
from .call_recorder import CallRecorder, inputs_of, layer_of
from .calls import Call, Site
from .clashes.found import clash_among, clash_in_call, clash_in_layer, clash_in_unpacking
from .clashes.sides import Found
from .misuses import misuse_of, unpacks_shape
from .operands import Operands, tensors_in
from .real_error import runs_on_real_tensors
from .written_names import named_values

_WRONG_GRADIENT = re.compile(
    r"[Ff]unction (\w+)Backward returned an (?:invalid gradient at index (\d+)|incorrect number)"
)
"""The beginnings of autograd's errors about what a custom function's `backward` returns."""


@dataclass(frozen=True)
class Blamed:
    """The operation that ended a call. `eager` is what it raises on real tensors, if it failed on fake ones.

    `eager` is None if the operation was not made on real tensors, or if it needs their values.
    """

    operation: FailedOperation
    eager: Raised | None = None


def failed_operation(
    example: BuiltExample, error: BaseException, birthplaces: Birthplaces, codebase: Codebase
) -> Blamed | None:
    """Return the operation that raised `error`, by which a call of the example or its backward pass has ended.

    None if the call ends in another way now, or if no operation is to blame.
    """
    recorder, dimensions = CallRecorder(codebase), Dimensions(example, birthplaces)
    ended = _ended(example, recorder, dimensions)
    if ended is None or not _is_same(ended.error, error, codebase):
        return None
    return _Reading(example, recorder, birthplaces, codebase, dimensions).read(ended)


def blamed_for(
    error: Exception, example: BuiltExample, recorder: CallRecorder, birthplaces: Birthplaces, codebase: Codebase
) -> Blamed | None:
    """Return the operation that raised `error` in a recorded call."""
    return _Reading(example, recorder, birthplaces, codebase).read(_Ended(error))


@dataclass(frozen=True)
class _Ended:
    """An error; `backward` says that the backward pass raised it, and from which operation of forward it came."""

    error: BaseException
    backward: BackwardError | None = None


def _is_same(one: BaseException, other: BaseException, codebase: Codebase) -> bool:
    """Whether two errors are the same: torch words some of them otherwise while dimensions are followed."""
    if type(one) is not type(other):
        return False
    return str(one) == str(other) or _places(one, codebase) == _places(other, codebase) != []


def _places(error: BaseException, codebase: Codebase) -> list[tuple[str, int]]:
    return [(_path(frame), line) for frame, line in _frames(error) if codebase.owns(_path(frame))]


def _ended(example: BuiltExample, recorder: CallRecorder, dimensions: Dimensions) -> _Ended | None:
    with example.fake(), dimensions.following(), recorder.recording():
        try:
            called = call_in_eager(example)
        except BackwardError as error:
            return _Ended(error.__cause__ or error, error)
        except ForwardError as error:
            return _Ended(error.__cause__ or error)
        except Exception as error:  # it reads data
            return _Ended(error)
    unread = called.needs_data
    return _Ended(unread.__cause__ or unread, unread) if unread is not None else None


class _Reading:
    """A recorded call, read for the error that ended it."""

    def __init__(
        self,
        example: BuiltExample,
        recorder: CallRecorder,
        birthplaces: Birthplaces,
        codebase: Codebase,
        dimensions: Dimensions | None = None,
    ) -> None:
        self._example = example
        self._recorder = recorder
        self._birthplaces = birthplaces
        self._codebase = codebase
        self._dimensions = dimensions

    def read(self, ended: _Ended) -> Blamed | None:
        """Return the operation that raised the error."""
        failed = self._recorder.failed
        if failed is not None and failed[1] is ended.error and not _is_engine(failed[0]):
            call = failed[0]
            return self._compared(self._of_call(call, text=text_of(ended.error)), call, ended.error)
        if ended.backward is not None:
            origin = self._derived(ended.backward) or self._applied(ended.error)
            if origin is None:
                return None
            culprit = _culprit(origin, ended.error)
            operation = replace(self._of_call(origin, culprit), in_backward=True)
            return Blamed(replace(operation, definition=_definition(origin) if culprit is not None else None))
        checked = self._check(ended.error)
        return Blamed(checked) if checked is not None else None

    def _compared(self, operation: FailedOperation, call: Call, error: BaseException) -> Blamed:
        """Return the operation with eager's error.

        An operation that needs values, or that torch refuses because of a history, is not made on other tensors.
        """
        depends = reads_data(error) or refused_in_place(text_of(error))
        answer = None if depends else runs_on_real_tensors(call)
        if answer is True:
            return Blamed(replace(operation, works_in_eager=True))
        if not isinstance(answer, Exception):
            return Blamed(operation)
        return Blamed(operation, Raised(type(answer).__name__, clipped(text_of(answer))))

    def _derived(self, backward: BackwardError) -> Call | None:
        """Return the recorded call whose derivative failed, by autograd's name for it and its line."""
        lines = {(span.path, span.line) for span in parse(backward.forward or "")}
        calls = [call for call, derivative in self._recorder.derived if derivative == backward.derivative]
        at_line = [call for call in calls if call.site.span and (call.site.span.path, call.site.span.line) in lines]
        return at_line[0] if at_line else None

    def _applied(self, error: BaseException) -> Call | None:
        """Return the last call of a custom function whose `backward` returns what autograd refuses."""
        match = _WRONG_GRADIENT.search(str(error))
        calls = [call for cls, call in self._recorder.applied if match is not None and cls.__name__ == match[1]]
        return calls[0] if len(calls) == 1 else None

    def _check(self, error: BaseException) -> FailedOperation | None:
        """Return the layer of torch's, or the statement of the user's, whose own check raised an error."""
        frames = list(_frames(error))
        user = next((n for n in reversed(range(len(frames))) if self._codebase.owns(_path(frames[n][0]))), None)
        inner = frames[user + 1 :] if user is not None else frames
        frame, line = frames[user] if user is not None else (None, 0)
        layers = [frame for frame, _ in inner if layer_of(frame) is not None]
        span = spans_of_error(error)[user] if user is not None else None
        if layers:
            inputs, layer = inputs_of(layers[-1]), layer_of(layers[-1])
            assert layer is not None
            clash = clash_in_layer(layer, inputs, text_of(error))
            return self._operation(None, Site(span, frame, layer, inputs), (*inputs, *_weights(clash)), clash)
        if frame is None:
            return None
        misuse = misuse_of(error, frame, span, self._codebase, self._recorder.count_at) if span is not None else None
        is_shape = misuse is not None and span is not None and unpacks_shape(frame, span)
        if misuse is not None and not is_shape:
            lacking = [error.obj] if isinstance(error, AttributeError) else []
            return replace(self._operation(None, Site(span, frame, None), lacking), misuse=misuse)
        named = named_values(frame, line)
        values = [value for _, value in named if not isinstance(value, nn.Module)]
        if isinstance(error, AttributeError):  # it is about one object
            values = [value for value in values if value is error.obj]
        if isinstance(error, (NameError, LookupError)) or not any(tensors_in(value) for value in values):
            return None
        clash = clash_in_unpacking(named, text_of(error)) if is_shape else None
        return self._operation(None, Site(span, frame, None), values, clash)

    def _of_call(self, call: Call, culprit: torch.Tensor | None = None, text: str | None = None) -> FailedOperation:
        values: list[Any] = []
        for value in (*call.args, *call.kwargs.values()):
            values += value if isinstance(value, (list, tuple)) else [value]
        name = resolve_name(call.function) or getattr(call.function, "__qualname__", None)
        name = name.replace("_VariableFunctionsClass", "torch") if name is not None else None
        clash = clash_in_call(name, call, text) if text is not None else None
        is_reversed = name is not None and name.rpartition(".")[2].startswith("__r")
        return self._operation(name, call.site, values, clash, culprit, () if is_reversed else call.args)

    def _operation(
        self,
        name: str | None,
        site: Site,
        values: Sequence[Any],
        clash: Found | None = None,
        culprit: torch.Tensor | None = None,
        arguments: Sequence[Any] = (),
    ) -> FailedOperation:
        operands = Operands(self._example, self._recorder, self._birthplaces, site, self._dimensions)
        operands.name_arguments(arguments)
        kept = operands.among(values)
        code = source_text(site.span) if site.span is not None else None
        inner, failing_layer = site.inner, site.innermost.layer
        layer = self._layer(failing_layer, operands) if failing_layer is not None else None
        inside = source_text(inner.span) if inner is not None and inner.span is not None else None
        return FailedOperation(
            name,
            operands.of(kept, culprit),
            code,
            site.span,
            layer,
            site.through,
            clash=clash_among(clash, kept),
            line_text=_line_of(site.span),
            inside=Expression(inside, inner.span) if inner is not None and inside is not None else None,
        )

    def _layer(self, layer: nn.Module, operands: Operands) -> FailedLayer | None:
        name, root = operands.name_of_layer(layer), self._example.module
        if name is None or root is None:
            return None
        span = self._birthplaces.of_module(root, name)
        return FailedLayer(name, _in_one_line(layer), span, source_text(span) if span is not None else None)


def _culprit(call: Call, error: BaseException) -> torch.Tensor | None:
    """Return the input whose gradient autograd refuses.

    Autograd counts the gradients of the tensors among the arguments (`collect_next_edges` in python_function.cpp).
    """
    match = _WRONG_GRADIENT.search(str(error))
    tensors = [argument for argument in call.args if isinstance(argument, torch.Tensor)]
    index = int(match[2]) if match is not None and match[2] is not None else len(tensors)
    return tensors[index] if index < len(tensors) else None


def _definition(call: Call) -> Span | None:
    """Return the place of the `backward` of a custom function; None if it is no Python function."""
    function = getattr(getattr(call.function, "__self__", None), "backward", None)
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    line = code.co_firstlineno  # that of the first decorator
    while not linecache.getline(code.co_filename, line).lstrip().startswith(("def ", "async ")):
        line += 1
        if line > code.co_firstlineno + 20:
            return None
    return Span(code.co_filename, line)


def _weights(clash: Found | None) -> list[torch.Tensor]:
    """Return the parameters of a layer that an input clashes with: they are no arguments of its `forward`."""
    return [side.value for side in clash[1] if isinstance(side.value, nn.Parameter)] if clash is not None else []


def _line_of(span: Span | None) -> str | None:
    return linecache.getline(span.path, span.line).rstrip("\r\n") or None if span is not None else None


def _is_engine(call: Call) -> bool:
    """Whether a call is that of the backward pass as a whole."""
    return getattr(call.function, "__module__", None) == "torch.autograd" or call.function is torch.Tensor.backward


def _frames(error: BaseException) -> Iterator[tuple[types.FrameType, int]]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _path(frame: types.FrameType) -> str:
    return frame.f_code.co_filename


def _in_one_line(layer: nn.Module) -> str:
    """Return the repr of a layer without those of its children: `Linear(in_features=20, …)`."""
    try:
        extra = layer.extra_repr()
    except Exception:  # a user's subclass may fail
        extra = ""
    return f"{type(layer).__name__}({' '.join(extra.split())})"
