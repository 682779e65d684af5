"""The rules of the ladder: after which errors the next example is tried, and which errors are the answer.

An example that somebody gave is never replaced, and neither is the set-up of a training step. One that was found is
passed over if it does not fit the class; but if the user's own module raises while it is built or called, that error is
the answer. An inferred example is a guess, and
so is one that was recorded in the call of a guess: its error is the answer if the class fails like this whatever it is
given, or if a trace succeeded with it before the latest edit (`last_good_call`).
"""

from __future__ import annotations

from typing import Any

from ..failures import BackwardError, CaptureError, Codebase, ForwardError, is_of_the_class, problem_of
from ..wire.descriptor_map import Problem
from ..wire.protocol import ExampleSource
from .guards import SideEffect, TookTooLong
from .last_good_call import fault_of
from .recorded import NotCalled

FOUND_SECONDS = 20.0
"""Seconds that code which was found may take to build an example."""


def reason_to_go_on(source: ExampleSource, error: BaseException, target: Any, codebase: Codebase) -> Problem | None:
    """Why the next example is tried after this error; None if the error is the answer.

    `target` is the class or function that is traced.
    """
    if (
        source.step is not None
        or source.origin in ("option", "pinned")
        or not isinstance(error, (Exception, SystemExit, TookTooLong))
    ):
        return None
    if is_of_the_class(error):
        return None
    cause = error.__cause__ if isinstance(error, ForwardError) and error.__cause__ is not None else error
    if is_guess(source):
        if source.served:
            return None if fault_of(error, codebase) == "class" else problem_of(cause)
        return None if source.origin == "inferred" and isinstance(error, CaptureError) else problem_of(cause)
    if isinstance(error, CaptureError):
        return problem_of(error) if source.origin == "recorded" else None
    if isinstance(error, BackwardError):
        return None
    if isinstance(cause, (SideEffect, TookTooLong, NotCalled)):
        return problem_of(cause)
    if isinstance(target, type):
        if _raised_in(cause, target):
            return None
        # The example no longer fits the class. If it is in the class's own file, its author wants to know.
        if _is_about_the_call_of(cause, target) and source.path == codebase.target:
            return None
    elif isinstance(error, ForwardError):
        return None
    return problem_of(cause)


def is_guess(source: ExampleSource) -> bool:
    """Whether an example is inferred, or recorded in the call of one that is."""
    if source.root is not None:
        return all(is_guess(example) for example in source.root.examples)
    return source.origin == "inferred"


def _raised_in(error: BaseException, target: type) -> bool:
    """Whether the error came out of a method of an instance of the class, or out of its constructor."""
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        names = frame.f_code.co_varnames[:1]
        # The first argument of torch's own `__call__` is the instance too, but it only passes on the arguments.
        if names and not _is_torch(frame.f_globals) and isinstance(frame.f_locals.get(names[0]), target):
            return True
        traceback = traceback.tb_next
    return False


def _is_torch(variables: dict[str, Any]) -> bool:
    return str(variables.get("__name__", "")).partition(".")[0] == "torch"


def _is_about_the_call_of(error: BaseException, target: type) -> bool:
    """Whether the arguments do not fit the constructor or the forward of the class."""
    return isinstance(error, TypeError) and str(error).startswith(
        tuple(f"{kind.__qualname__}.{name}()" for kind in target.__mro__ for name in ("__init__", "forward"))
    )
