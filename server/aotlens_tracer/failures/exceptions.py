"""A user's exception as a Failure: the message, the best place known, the user's part of the traceback."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace

from ..wire.descriptor_map import Failure, Frame, Span
from .codebase import EXAMPLE_FILE, HERE, Codebase
from .errors import TraceError

MOST_FRAMES = 12
"""How many frames of the user's a failure shows."""
LONGEST_TRACEBACK = 100_000
"""Characters of a traceback that are kept."""


def failure_of(error: BaseException, stage: str, codebase: Codebase, example: Span | None = None) -> Failure:
    """The Failure for an exception of the user's code in `stage`.

    `example` is where the example's expression stands: its frames are shown there.
    """
    if isinstance(error, TraceError):
        return error.failure
    if isinstance(error, SyntaxError) and error.filename and error.filename != EXAMPLE_FILE:
        return _syntax_failure(error, stage, codebase)
    frames = user_frames(traceback.extract_tb(error.__traceback__), codebase, example)
    place: Frame | Span | None = frames[-1] if frames else example
    path = place.path if place is not None else codebase.target if stage == "import" else None
    return Failure(
        stage,
        "memory" if isinstance(error, MemoryError) else "error",
        _clipped(_message(error)),
        path,
        place.line if place is not None else None,
        frames=shortened(frames),
        traceback=_formatted(error),
        hint=_hint(error, stage, codebase),
    )


def shortened(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """At most `MOST_FRAMES` of the frames, outermost first: a deep recursion is told by its two ends."""
    if len(frames) <= MOST_FRAMES:
        return tuple(frames)
    half = MOST_FRAMES // 2
    middle = replace(frames[half], code=None, function=f"{frames[half].function}, and {len(frames) - 2 * half} more")
    return (*frames[:half], middle, *frames[-half:])


def _formatted(error: BaseException) -> str:
    """The whole traceback, torch's frames and all, but without our own.

    What we caught ourselves before this error came is no part of the user's story.
    """
    formatted = traceback.TracebackException.from_exception(error)
    cause: traceback.TracebackException | None = formatted
    while cause is not None:
        context = cause.__context__
        if context is not None and context.stack and context.stack[0].filename.startswith(HERE):
            cause.__context__ = context = None
        cause.stack = traceback.StackSummary.from_list(
            [entry for entry in cause.stack if not entry.filename.startswith(HERE)]
        )
        cause = cause.__cause__ or context
    return _clipped("".join(formatted.format()), LONGEST_TRACEBACK)


def _clipped(text: str, limit: int = 4000) -> str:
    """A text that may be of any length, without its middle where it is too long to read."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} […, {len(text) - 2 * half} characters left out] {text[-half:]}"


def user_frames(stack: traceback.StackSummary, codebase: Codebase, example: Span | None) -> tuple[Frame, ...]:
    """The frames of a stack that are the user's, outermost first."""
    frames = []
    for entry in stack:
        if not codebase.owns(entry.filename):
            continue
        frame = Frame(entry.filename, entry.lineno or 1, entry.name, entry.line or None)
        if entry.filename == EXAMPLE_FILE:
            if example is None:
                continue
            frame = replace(frame, path=example.path, line=example.line + frame.line - 1, function="the example")
        frames.append(frame)
    return tuple(frames)


def _syntax_failure(error: SyntaxError, stage: str, codebase: Codebase) -> Failure:
    path = error.filename or codebase.target
    column = error.offset if error.offset and error.offset > 0 else None
    message = f"{type(error).__name__}: {error.msg}"
    hint = None
    if "codec can't decode" in message or "encoding" in message:
        hint = "save the file as UTF-8, or declare its encoding in its first line: # -*- coding: latin-1 -*-"
    text = _clipped(error.text.rstrip(), 400) if error.text else None
    importing = user_frames(traceback.extract_tb(error.__traceback__), codebase, None)
    return Failure(
        "syntax" if os.path.realpath(path) == os.path.realpath(codebase.target) else stage,
        "error",
        message,
        path,
        error.lineno,
        column,
        hint,
        (*importing, Frame(path, error.lineno or 1, "<module>", text)),
        _formatted(error),
    )


def _message(error: BaseException) -> str:
    """What the exception says, with its type, without the advice that torch appends for its own developers."""
    if isinstance(error, SystemExit):
        code = error.code if error.code is None or isinstance(error.code, int) else str(error.code)[:200]
        return f"the code called sys.exit({'' if code is None else repr(code)})"
    if isinstance(error, KeyboardInterrupt):
        return "the code raised KeyboardInterrupt"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, MemoryError):
        return "MemoryError: the system gave no more memory" if not error.args else f"MemoryError: {error}"
    text = text_of(error)
    if type(error).__name__ == "DataDependentOutputException":
        return (
            f"the value of a tensor is needed to go on ({text}), but tracing knows shapes only: "
            "a branch, .item(), int() or bool() depends on data here"
        )
    if type(error).__name__ == "DynamicOutputShapeException":
        return (
            f"the values of a tensor say how large a result is ({text}), but tracing knows shapes only: "
            "nonzero(), unique() or a mask as an index depends on data here"
        )
    for tail in (
        "\n\nSet TORCHDYNAMO_VERBOSE",
        "\n\nWhile executing %",
        "\n\n For more details about this graph",
        " Hint: the backtrace further above",
    ):
        text = text.partition(tail)[0]
    name = type(error).__qualname__
    return f"{name}: {text.strip()}" if text.strip() else name


def text_of(error: BaseException) -> str:
    """`str(error)`, of which nothing is certain in a class of the user's."""
    try:
        return str(error)
    except BaseException as second:
        return f"(its __str__ raised {type(second).__name__})"


def reads_data(error: BaseException) -> bool:
    """Whether the data of a tensor was needed, which fake ones lack."""
    kinds = ("DataDependentOutputException", "DynamicOutputShapeException")
    return type(error).__name__ in kinds or "aten._local_scalar_dense" in text_of(error)


def _hint(error: BaseException, stage: str, codebase: Codebase) -> str | None:
    text = text_of(error)
    if type(error).__name__ == "DataDependentOutputException":
        return "use torch.where or torch.cond instead of the branch, or take the value as an argument of forward"
    if type(error).__name__ == "DynamicOutputShapeException":
        return "keep the size: torch.where, or a factor of 0, instead of what is left out by its value"
    if isinstance(error, ModuleNotFoundError) and error.name:
        package, _, rest = error.name.partition(".")
        folder = next(iter(getattr(sys.modules.get(package), "__path__", ())), None)
        if rest and folder is not None:
            return f"{package} was found in {folder}: is a file missing there, or is another {package} meant?"
        return (
            f"install {package} in the interpreter that traces ({sys.executable}), "
            "choose another with --python, or add the folder it lies in to PYTHONPATH"
        )
    if isinstance(error, SystemExit) and stage == "import":
        return "put what runs at import under `if __name__ == '__main__':`"
    if isinstance(error, NameError) and stage == "example" and _is_of_the_example(error):
        return f"an example knows the names of {os.path.basename(codebase.target)}, and torch"
    if isinstance(error, EOFError):
        return "standard input is empty here: code that asks has to do without an answer"
    if isinstance(error, MemoryError):
        return "build a smaller model in the example, or trace on a machine with more memory"
    if "modified by an inplace operation" in text:
        return "change a copy instead (`y = y + 1` in place of `y.add_(1)`): the derivative needs the value as it was"
    if "returned an invalid gradient" in text:
        return "`backward` of an autograd.Function has to return a gradient of the shape of each input of its `forward`"
    if "support for cuda" in text or "CUDA enabled" in text or "NVIDIA driver" in text or "CUDA GPU" in text:
        return "this code needs CUDA, which this machine or this build of torch lacks: take the device from the input"
    if type(error).__name__ == "FakeTensorDeviceMismatchError":
        return (
            "all tensors have to be on one device: where that is CUDA, put the module and its arguments there "
            "in the example; else take the device from the input, as in x.device"
        )
    return None


def _is_of_the_example(error: BaseException) -> bool:
    """Whether the example's own expression raised it, not what that calls."""
    entries = traceback.extract_tb(error.__traceback__)
    return bool(entries) and entries[-1].filename == EXAMPLE_FILE


def code_line(path: str, line: int) -> str | None:
    """The text of a line, stripped, or None."""
    linecache.checkcache(path)
    return linecache.getline(path, line).strip() or None


def first_line(text: str) -> str:
    """The first line of a message that has something on it; where that ends in a colon, what it announces too."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
