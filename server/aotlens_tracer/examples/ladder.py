"""The rules of the ladder: after which error the next example is tried, and after which the error is the answer.

An example that somebody gave is never replaced by another one. One that was found may not fit, and is passed over then;
but where it builds the user's module, and that raises, the user is told of that error and nothing else is tried. What
was inferred is a guess, and so is what was recorded in the call of a guess.
"""

from __future__ import annotations

from typing import Any

from ..failures import BackwardError, CaptureError, ForwardError, problem_of
from ..wire.descriptor_map import Problem
from ..wire.protocol import ExampleSource
from .guards import SideEffect, TookTooLong
from .recorded import NotCalled

FOUND_SECONDS = 20.0
"""How long code that was found may take to build an example."""


def reason_to_go_on(source: ExampleSource, error: BaseException, target: Any, path: str) -> Problem | None:
    """Why the next example is tried after this error; None where the error is the answer.

    `target` is the class or function that is traced, `path` its file.
    """
    if source.origin in ("option", "pinned") or not isinstance(error, (Exception, SystemExit, TookTooLong)):
        return None
    cause = error.__cause__ if isinstance(error, ForwardError) and error.__cause__ is not None else error
    if is_guess(source):
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
        # It does not fit the class any more. What the class's own file says about it, its author will want to know.
        if _is_about_the_call_of(cause, target) and source.path == path:
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
    """Whether the error came out of a method of an instance of the class, its constructor included."""
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        names = frame.f_code.co_varnames[:1]
        # torch's own `__call__` has the instance as its first argument too, and only binds the arguments of forward.
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
