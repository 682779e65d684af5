"""The tensor subclasses of an example that torch cannot take apart: the reason for a failed capture, or a finding."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

from ..examples.eager_call import call
from ..examples.evaluate import BuiltExample
from ..failures import CallError, CaptureError, TraceError, refusal_of
from ..findings.broken_protocols import broken_protocol, noting_broken_dispatch
from ..graph.labels import argument_labels
from ..torch_private import dispatches_itself, kept_by, noting_wrappers, pytree
from ..wire.advice import Known
from ..wire.descriptor_map import Failure
from ..wire.findings import Finding, Subject
from ..wire.problems import BrokenProtocol, NothingCompiled
from .build_example import Built
from .context import Context

_MOST = 200
"""Tensors of an example that are taken apart. Those of a large model are alike."""


def broken_in(context: Context, built: Built, error: BaseException) -> BrokenProtocol | None:
    """Return the fault of a tensor subclass that explains why a call fails or is not captured; None if there is none.

    Subclasses that the call itself makes, and what `__torch_dispatch__` returns, are found by another call in eager.
    """
    is_call = isinstance(error, CallError)
    if not is_call and not (isinstance(error, TraceError) and isinstance(error.failure.problem, NothingCompiled)):
        return None
    with _outside_capture(built.example):
        named = list(_named_tensors(built.example))
        if is_call and (fault := _broken_dispatch(built.example, [value for _, value in named])) is not None:
            return fault
        if isinstance(error, CallError) and not isinstance(error, CaptureError):
            return None  # eager fails too, and nothing in eager calls the other methods
        found = next(_broken(named), None)
        is_internal = isinstance(error, CaptureError) and refusal_of(error.dynamo_error)[1] != "dynamo"
        return _broken_in_call(built.example) if found is None and is_internal else found
    return None


def broken_protocols(built: Built, is_refused: bool) -> list[Finding]:
    """Return a finding for each class among the inputs of a call that was captured nevertheless.

    `is_refused` says that an internal error of torch ended its capture by Dynamo: then a class of the call's own values
    may be the reason, and the call is made again.
    """
    found: dict[BrokenProtocol, list[str]] = {}
    with _outside_capture(built.example):
        for fault in _broken(_named_tensors(built.example)):
            found.setdefault(replace(fault, label=None), []).append(fault.label or "")
        if is_refused and not found and (made := _broken_in_call(built.example)) is not None:
            found[made] = []
    return [_finding(fault, names) for fault, names in found.items()]


def as_failure(context: Context, failure: Failure, broken: BrokenProtocol) -> Failure:
    """Return a failure with the broken protocol as its problem, at the class if that is in the user's code."""
    is_eager = broken.fault == "dispatch"
    advice = Known("dispatch-result" if is_eager else "flatten-protocol")
    stage = "forward" if is_eager else "capture"
    failure = replace(failure, stage=stage, problem=broken, advice=advice, operation=None)
    if broken.span is None or not context.codebase.owns(broken.span.path):
        return failure
    return replace(failure, path=broken.span.path, line=broken.span.line, column=None, frames=())


def _finding(fault: BrokenProtocol, names: list[str]) -> Finding:
    subjects = tuple(Subject("value", name) for name in names)
    place = fault.span
    path, line = (place.path, place.line) if place is not None else (None, None)
    return Finding("broken-flatten-protocol", path, line, subjects=subjects, reason=fault)


@contextlib.contextmanager
def _outside_capture(example: BuiltExample) -> Iterator[None]:
    """Let methods of the user's classes run. An error of theirs that is no result of a check is no answer."""
    with contextlib.suppress(Exception), torch.no_grad(), example.fake():
        yield


def _named_tensors(example: BuiltExample) -> Iterator[tuple[str, Any]]:
    """Yield the parameters, buffers, plain attributes and arguments of a call, with their names."""
    named: list[tuple[str, Any]] = []
    if example.module is not None:
        named += [*example.module.named_parameters(), *example.module.named_buffers()]
        for owner, module in example.module.named_modules():
            attributes = [(name, value) for name, value, is_buffer in kept_by(module) if not is_buffer]
            named += [
                (f"{owner}.{name}".lstrip("."), each) for name, each in attributes if isinstance(each, torch.Tensor)
            ]
    labels = argument_labels(example.function, example.args, example.kwargs)
    named += zip(labels, pytree.tree_leaves((example.args, example.kwargs)), strict=False)
    yield from named[:_MOST]


def _broken(named: Iterable[tuple[str, Any]]) -> Iterator[BrokenProtocol]:
    for name, value in named:
        if (fault := broken_protocol(value, name)) is not None:
            yield fault


def _broken_dispatch(example: BuiltExample, tensors: Sequence[Any]) -> BrokenProtocol | None:
    """Return the last operator for which `__torch_dispatch__` returns nothing before the call fails or ends."""
    found: list[BrokenProtocol] = []
    if not any(map(dispatches_itself, tensors)):
        return None
    with contextlib.suppress(Exception), torch.enable_grad(), noting_broken_dispatch(tensors, found):
        call(example)
    return found[-1] if found else None


def _broken_in_call(example: BuiltExample) -> BrokenProtocol | None:
    made: dict[type, Any] = {}
    with contextlib.suppress(Exception), torch.enable_grad(), noting_wrappers(made):
        call(example)
    return next((fault for value in made.values() if (fault := broken_protocol(value, None)) is not None), None)
