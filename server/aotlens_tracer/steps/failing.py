"""From the exception that ended a trace to its failure."""

from __future__ import annotations

from dataclasses import replace

from ..failures import (
    BackwardError,
    CaptureError,
    ForwardError,
    code_line,
    failure_of,
    shortened,
)
from ..graph.stack_traces import parse
from ..wire.advice import FromDynamo
from ..wire.descriptor_map import Failure, Frame, Span
from ..wire.problems import BackwardFails, NotCaptured
from .capture import graph_breaks
from .context import Context


def failure_of_trace(context: Context, error: BaseException) -> Failure:
    """Return the failure for an exception that ended the trace; puts Dynamo's graph break into the draft."""
    stage = context.phases.current
    if isinstance(error, ForwardError) and error.__cause__ is not None:
        return failure_of(error.__cause__, "forward", context.codebase, _span(context))
    if isinstance(error, BackwardError):
        return _backward_failure(context, error)
    if isinstance(error, CaptureError):
        return _capture_failure(context, error)
    if stage == "capture" and not isinstance(error, Exception):  # the user's sys.exit, their KeyboardInterrupt
        stage = "forward"
    elif stage not in ("import", "example"):
        stage = "capture"
    return failure_of(error, stage, context.codebase, _span(context))


def _span(context: Context) -> Span | None:
    """Return the place of the example that was being tried; None if it is in no file."""
    example = context.draft.map.example
    return example.source if example is not None else None


def _backward_failure(context: Context, error: BackwardError) -> Failure:
    """Return autograd's reason, at the line of forward whose derivative fails, or in the user's own `backward`."""
    failure = failure_of(error.__cause__ or error, "forward", context.codebase, _span(context))
    failure = replace(failure, problem=BackwardFails(failure.problem))
    stack = [span for span in parse(error.forward or "") if context.codebase.owns(span.path)]
    if failure.frames or not stack:
        return failure
    frames = tuple(Frame(span.path, span.line, "forward", code_line(span.path, span.line)) for span in stack)
    return replace(failure, path=stack[-1].path, line=stack[-1].line, frames=shortened(frames))


def _capture_failure(context: Context, error: CaptureError) -> Failure:
    """Return Dynamo's reason with its place, and why AOTAutograd alone did no better."""
    breaks = graph_breaks(None, context.codebase, error.dynamo_error)
    context.draft.update(graph_breaks=breaks)
    if error.direct_error is None:
        return failure_of(error.__cause__ or error, "capture", context.codebase, _span(context))
    first = breaks[0]
    direct = failure_of(error.direct_error, "capture", context.codebase, _span(context))
    return replace(
        direct,
        problem=NotCaptured(first.reason, direct.problem, first.by),
        path=first.path or direct.path or context.params.path,
        line=first.line or direct.line or context.draft.map.target.line,
        advice=next(map(FromDynamo, first.hints), direct.advice),
    )
