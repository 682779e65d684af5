"""The tensor subclasses of an example that torch cannot take apart: the reason for a failed capture, or a finding."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from ..examples.eager_call import call
from ..examples.evaluate import BuiltExample
from ..failures import CaptureError, TraceError
from ..findings.broken_protocols import broken_protocol
from ..graph.labels import argument_labels
from ..torch_private import kept_by, noting_wrappers, pytree
from ..wire.advice import Known
from ..wire.descriptor_map import Failure
from ..wire.findings import Finding, Subject
from ..wire.problems import BrokenProtocol, NothingCompiled
from .build_example import Built
from .context import Context

_MOST = 200
"""Tensors of an example that are taken apart. Those of a large model are alike."""


def broken_in(context: Context, built: Built, error: BaseException) -> BrokenProtocol | None:
    """Return the fault of a tensor subclass that explains why a call is not captured; None if there is none.

    Subclasses that the call itself makes are found by another call in eager.
    """
    refused = isinstance(error, CaptureError)
    if not refused and not (isinstance(error, TraceError) and isinstance(error.failure.problem, NothingCompiled)):
        return None
    with _outside_capture(built.example):
        found = next(_broken_inputs(built.example), None)
        return found if found is not None or not refused else _broken_in_call(built.example)
    return None


def broken_protocols(built: Built, is_refused: bool) -> list[Finding]:
    """Return a finding for each class among the inputs of a call that was captured nevertheless.

    `is_refused` says that an internal error of torch ended its capture by Dynamo: then a class of the call's own values
    may be the reason, and the call is made again.
    """
    found: dict[BrokenProtocol, list[str]] = {}
    with _outside_capture(built.example):
        for fault in _broken_inputs(built.example):
            found.setdefault(replace(fault, label=None), []).append(fault.label or "")
        if is_refused and not found and (made := _broken_in_call(built.example)) is not None:
            found[made] = []
    return [_finding(fault, names) for fault, names in found.items()]


def as_failure(context: Context, failure: Failure, broken: BrokenProtocol) -> Failure:
    """Return a failure with the broken protocol as its problem, at the class if that is in the user's code."""
    failure = replace(failure, stage="capture", problem=broken, advice=Known("flatten-protocol"), operation=None)
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


def _broken_inputs(example: BuiltExample) -> Iterator[BrokenProtocol]:
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
    for name, value in named[:_MOST]:
        if (fault := broken_protocol(value, name)) is not None:
            yield fault


def _broken_in_call(example: BuiltExample) -> BrokenProtocol | None:
    made: dict[type, Any] = {}
    with contextlib.suppress(Exception), torch.enable_grad(), noting_wrappers(made):
        call(example)
    return next((fault for value in made.values() if (fault := broken_protocol(value, None)) is not None), None)
