"""From the exception that ended a trace to its failure."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from ..eager.failed_constructor import failed_constructor
from ..examples.ladder import is_guess
from ..failures import (
    BackwardError,
    CallError,
    CaptureError,
    TraceError,
    advice_for_operation,
    at_the_change,
    at_the_checkpoint,
    chain,
    code_line,
    failure_of,
    shortened,
    text_of,
)
from ..graph.stack_traces import parse
from ..loading.notebooks import missing_name
from ..wire.advice import BoundByTraining, FromDynamo, WorkedBefore
from ..wire.descriptor_map import Failure, Frame, GraphBreak, Span
from ..wire.problems import (
    BackwardFails,
    DerivativeNeedsData,
    FenceDenied,
    NoFakeImplementation,
    NotCaptured,
    Problem,
    Raised,
)
from .context import Context
from .graph_breaks import graph_breaks


def failure_of_trace(context: Context, error: BaseException) -> Failure:
    """Return the failure for an exception that ended the trace; puts Dynamo's graph break into the draft."""
    errors = list(chain(error.__cause__ or error))
    why_missing = next(filter(None, map(missing_name, errors)), None)
    if why_missing is not None:
        failure = failure_of(why_missing, "import", context.codebase)
        errors.append(why_missing)
    else:
        failure = _failure_of_trace(context, error)
    missing = next((each.name for each in errors if isinstance(each, NameError)), None)
    if missing is not None and missing in context.params.left_out:
        line = context.params.left_out[missing]
        return replace(failure, advice=BoundByTraining(missing, context.params.path, line))
    if why_missing is not None:
        return failure
    example = context.draft.map.example
    if failure.advice is not None or failure.stage not in ("example", "forward"):
        return failure
    if example is None or example.candidate is None or example.candidate >= len(context.params.examples):
        return failure
    source = context.params.examples[example.candidate]
    if not (source.served and is_guess(source)):
        return failure
    root = source.root.qualname if source.root is not None else None
    return replace(failure, advice=WorkedBefore(None if root is not None else example.expression, root))


def _failure_of_trace(context: Context, error: BaseException) -> Failure:
    stage = context.phases.current
    if isinstance(error, CallError) and error.changed is not None:
        failure = failure_of(error.__cause__ or error, "forward", context.codebase, _span(context))
        failure = at_the_change(failure, error.changed)
        is_backward = isinstance(error, BackwardError)
        return replace(failure, problem=BackwardFails(failure.problem)) if is_backward else failure
    if isinstance(error, CallError) and error.recomputed is not None:
        failure = failure_of(error.recomputed.error, "forward", context.codebase, _span(context))
        return at_the_checkpoint(failure, error.recomputed)
    if isinstance(error, CallError):
        return _with_operation(_failure_of_call(context, error), error)
    if stage == "capture" and not isinstance(error, Exception):  # the user's sys.exit, their KeyboardInterrupt
        stage = "forward"
    elif stage not in ("import", "example"):
        stage = "capture"
    return _with_constructor(context, failure_of(error, stage, context.codebase, _span(context)), error)


def _with_constructor(context: Context, failure: Failure, error: BaseException) -> Failure:
    """Return the failure of an example that could not be built, with the values that its constructor refuses."""
    cause = error.__cause__ if isinstance(error, TraceError) else error
    if failure.stage != "example" or failure.operation is not None or cause is None:
        return failure
    if isinstance(failure.problem, FenceDenied):  # no value of an argument is to blame
        return failure
    operation = None
    with contextlib.suppress(Exception):  # objects of the user's that cannot be read
        operation = failed_constructor(list(chain(cause))[-1], context.codebase)
    if operation is None or operation.span is None or failure.line != operation.span.line:
        return failure
    return replace(failure, operation=operation, column=operation.span.column)


def _failure_of_call(context: Context, error: CallError) -> Failure:
    if isinstance(error, BackwardError):
        return _backward_failure(context, error)
    if isinstance(error, CaptureError):
        return _capture_failure(context, error)
    failure = failure_of(error.__cause__ or error, "forward", context.codebase, _span(context))
    is_limit = isinstance(failure.problem, NoFakeImplementation)  # eager calls the operator
    return replace(failure, stage="capture") if is_limit else failure


def _with_operation(failure: Failure, error: CallError) -> Failure:
    """Return a failure with the operation to blame: its place, and eager's text in the place of that of fake tensors.

    A layer that no code of the user's calls (in an `nn.Sequential`) has its birthplace as its place.
    """
    operation = error.operation
    if operation is None:
        return failure
    problem = _in_eager(failure.problem, error)
    failure = replace(
        failure,
        problem=problem,
        operation=operation,
        advice=advice_for_operation(operation, problem) or failure.advice,
    )
    span = operation.span
    if span is None and operation.layer is not None:
        span = operation.layer.span
    is_deeper = failure.frames and span is not None and failure.line != span.line
    if span is None or is_deeper:
        return failure
    return replace(failure, path=span.path, line=span.line, column=span.column)


def _in_eager(problem: Problem, error: CallError) -> Problem:
    if error.eager is None:
        return problem
    if isinstance(problem, BackwardFails):
        return BackwardFails(error.eager)
    return error.eager if isinstance(problem, Raised) and problem.cause is None else problem


def _span(context: Context) -> Span | None:
    """Return the place of the example that was being tried; None if it is in no file."""
    example = context.draft.map.example
    return example.source if example is not None else None


def _backward_failure(context: Context, error: BackwardError) -> Failure:
    """Return autograd's reason, at the line of forward whose derivative fails, or in the user's own `backward`."""
    failure = failure_of(error.__cause__ or error, "forward", context.codebase, _span(context))
    return _at_the_operation(context, replace(failure, problem=BackwardFails(failure.problem)), error)


def _at_the_operation(context: Context, failure: Failure, error: BackwardError) -> Failure:
    """Return a failure at the operation of forward whose derivative fails, unless it has a place in the user's code."""
    stack = [span for span in parse(error.forward or "") if context.codebase.owns(span.path)]
    if failure.frames or not stack:
        return failure
    frames = tuple(Frame(span.path, span.line, "forward", code_line(span.path, span.line)) for span in stack)
    return replace(failure, path=stack[-1].path, line=stack[-1].line, frames=shortened(frames))


def _capture_failure(context: Context, error: CaptureError) -> Failure:
    """Return Dynamo's reason with its place, and why AOTAutograd alone did no better.

    Without AOTAutograd alone, as under torch.compile, it is the reason why the call is refused.
    """
    if context.params.convention == "compile":
        return _refusal_by_compile(context, getattr(error.dynamo_error, "inner_exception", error.dynamo_error))
    breaks = graph_breaks(None, context.codebase, error.dynamo_error)
    context.draft.update(graph_breaks=breaks)
    first = breaks[0]
    if error.direct_error is None:
        failure = failure_of(error.__cause__ or error, "capture", context.codebase, _span(context))
        if error.__cause__ is error.dynamo_error:  # its own text has lines about where to read more
            failure = replace(failure, problem=Raised(type(error.dynamo_error).__name__, first.text))
        is_placed = failure.frames or first.path is None
        return failure if is_placed else replace(failure, path=first.path, line=first.line)
    direct = failure_of(error.direct_error, "capture", context.codebase, _span(context))
    if error.backward is not None:
        needed = text_of(error.backward.__cause__ or error.backward)
        problem = DerivativeNeedsData(error.backward.derivative, needed)
        direct = _at_the_operation(context, replace(direct, problem=problem, advice=None), error.backward)
        if first.by == "aotautograd":  # the same, seen through Dynamo's graph
            return direct
    return _with_dynamos_reason(context, direct, first)


def _refusal_by_compile(context: Context, reason: Exception) -> Failure:
    failure = failure_of(reason, "capture", context.codebase, _span(context))
    (at,) = graph_breaks(None, context.codebase, reason)
    if at.by == "dynamo" and not context.draft.map.graph_breaks:  # fullgraph=True: the first break is an error
        context.draft.update(graph_breaks=(at,))
    return replace(failure, path=at.path, line=at.line) if at.path is not None else failure


def _with_dynamos_reason(context: Context, direct: Failure, first: GraphBreak) -> Failure:
    return replace(
        direct,
        problem=NotCaptured(first.text, direct.problem, first.by),
        path=first.path or direct.path or context.params.path,
        line=first.line or direct.line or context.draft.map.target.line,
        advice=next(map(FromDynamo, first.hints), direct.advice),
    )
