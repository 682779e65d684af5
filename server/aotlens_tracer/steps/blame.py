"""After a call failed: the operation to blame, with its operands."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from ..eager.failed_operation import failed_operation
from ..eager.refused_types import mixes_types, refused_operation
from ..examples.eager_call import call
from ..failures import CallError, CaptureError, ForwardError, text_of
from ..wire.advice import CompleteExample
from ..wire.descriptor_map import Failure
from ..wire.problems import NothingInferred
from .build_example import Built
from .capture import Captured
from .context import Context


def blame(context: Context, built: Built, error: CallError) -> None:
    """Put the operation to blame into the error, if the call itself shows it. The call is made once more."""
    cause = error.__cause__
    if isinstance(error, CaptureError):
        cause = cause or (error.backward.__cause__ if error.backward is not None else None)
    if cause is None:
        return
    with contextlib.suppress(Exception):  # a class of the user's that cannot be recorded
        found = failed_operation(built.example, cause, context.birthplaces, context.codebase)
        if found is not None:
            error.operation, error.eager = found.operation, found.eager


def with_operation_of_guess(context: Context, built: Built, failure: Failure) -> Failure:
    """Return the failure of a search for an example, with the operation at which the nearest guess ends."""
    with contextlib.suppress(Exception), built.example.fake():
        try:
            call(built.example)
        except CallError as error:
            blame(context, built, error)
            return replace(failure, operation=error.operation)
    return failure


def is_unproven(built: Built, error: CallError) -> bool:
    """Whether a guess that reads data fails on the tensors that are made for this trace: their values may decide."""
    is_guess = built.guess is not None and not built.guess.is_of_the_class
    return is_guess and isinstance(error, ForwardError) and built.example.mode is None


def failure_of_unproven(context: Context, failure: Failure) -> Failure:
    """Return the failure of such a guess, for which the class is not blamed."""
    example = context.draft.map.example
    expression = (example.expression if example is not None else None) or ""
    tried = sum(attempt.expression is not None for attempt in context.draft.map.attempts) + 1
    problem = NothingInferred(tried, failure.problem, None)
    return replace(failure, stage="example", problem=problem, advice=CompleteExample(expression))


def check_types(context: Context, built: Built, captured: Captured) -> None:
    """Raise ForwardError for an operation that real tensors refuse because of their types, though fake ones do not."""
    refused = None
    with contextlib.suppress(Exception):  # the graph has something that cannot be made
        if any(mixes_types(graph.joint.graph_module.graph) for graph in captured.graphs):
            refused = _refused(context, built)
    if refused is not None:
        raise refused from refused.__cause__


def check_earlier_types(context: Context, built: Built, error: CallError) -> None:
    """Raise ForwardError for such an operation before the one that fails, if that fails because of its types."""
    cause, refused = error.__cause__, None
    if isinstance(error, ForwardError) and cause is not None and "type" in text_of(cause):
        with contextlib.suppress(Exception):  # a class of the user's that cannot be recorded
            refused = _refused(context, built)
    here = error.operation.span if error.operation is not None else None
    if refused is not None and (refused.operation is None or refused.operation.span != here):
        refused.is_of_the_class = error.is_of_the_class
        raise refused from refused.__cause__


def _refused(context: Context, built: Built) -> ForwardError | None:
    refused = refused_operation(built.example, context.birthplaces, context.codebase)
    if refused is None:
        return None
    error, blamed = refused
    failed = ForwardError()
    if blamed is not None:
        failed.operation = blamed.operation
    failed.__cause__ = error
    return failed
