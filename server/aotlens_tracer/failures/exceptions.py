"""A user's exception as a Failure: what it says, the best place known, the user's part of the traceback."""

from __future__ import annotations

import linecache
import os
import traceback
from collections.abc import Sequence
from dataclasses import replace

from ..wire.class_names import name_of_type
from ..wire.descriptor_map import Failure, Frame, Span
from .advice import advice_for
from .codebase import EXAMPLE_FILE, HERE, Codebase
from .errors import TraceError
from .problems import chain, clipped, is_of_parser, problem_of, text_of

MOST_FRAMES = 12
"""The number of frames that a long traceback keeps, half at each end; the first one in between stands for the rest."""
LONGEST_TRACEBACK = 100_000
"""Characters of a traceback that are kept."""


def failure_of(error: BaseException, stage: str, codebase: Codebase, example: Span | None = None) -> Failure:
    """Return the Failure for an exception of the user's code in `stage`.

    `example` is where the example's expression stands: its frames are shown there.
    """
    if isinstance(error, TraceError):
        return error.failure
    if isinstance(error, SyntaxError) and error.filename and error.filename != EXAMPLE_FILE:
        return _syntax_failure(error, stage, codebase)
    frames = _frames_to_the_cause(error, codebase, example)
    place: Frame | Span | None = frames[-1] if frames else example
    path = place.path if place is not None else codebase.target if stage == "import" else None
    return Failure(
        stage,
        "memory" if isinstance(error, MemoryError) and not is_of_parser(error) else "error",
        problem_of(error),
        path,
        place.line if place is not None else None,
        advice=advice_for(error, stage, codebase),
        frames=shortened(frames),
        traceback=_formatted(error),
    )


def _frames_to_the_cause(error: BaseException, codebase: Codebase, example: Span | None) -> tuple[Frame, ...]:
    """Return the user's frames down to the place that raised an exception, or its first cause if that is deeper.

    A cause was caught in one of the frames of the exception that it caused; the cause's own frames continue from there.
    """
    frames: tuple[Frame, ...] = ()
    for part in chain(error):
        inner = user_frames(stack_of(part), codebase, example)
        if not frames:
            frames = inner
        elif inner:
            functions = [(frame.path, frame.function) for frame in frames]
            first = (inner[0].path, inner[0].function)
            if first in functions:
                frames = (*frames[: functions.index(first)], *inner)
    return frames


def shortened(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Return the frames, outermost first; of more than `MOST_FRAMES`, those at the two ends of the recursion."""
    if len(frames) <= MOST_FRAMES:
        return tuple(frames)
    half = MOST_FRAMES // 2
    middle = replace(frames[half], left_out=len(frames) - 2 * half - 1)
    return (*frames[:half], middle, *frames[-half:])


def _formatted(error: BaseException) -> str:
    """Return the whole traceback, torch's frames included, ours left out.

    An exception that we caught ourselves before this one came is no part of the user's story.
    """
    try:
        formatted = traceback.TracebackException.from_exception(error)
    except BaseException:  # the lines of its code cannot be read
        return clipped(f"{name_of_type(type(error))}: {text_of(error)}", LONGEST_TRACEBACK)
    cause: traceback.TracebackException | None = formatted
    while cause is not None:
        context = cause.__context__
        if context is not None and context.stack and context.stack[0].filename.startswith(HERE):
            cause.__context__ = context = None
        cause.stack = traceback.StackSummary.from_list(
            [entry for entry in cause.stack if not entry.filename.startswith(HERE)]
        )
        cause = cause.__cause__ or context
    return clipped("".join(formatted.format()), LONGEST_TRACEBACK)


def stack_of(error: BaseException) -> traceback.StackSummary:
    """Return the stack of an exception, without its code if that cannot be read: an audit hook may refuse `open`."""
    try:
        return traceback.extract_tb(error.__traceback__)
    except BaseException:
        frames = traceback.walk_tb(error.__traceback__)
        return traceback.StackSummary.from_list(
            [
                traceback.FrameSummary(f.f_code.co_filename, line, f.f_code.co_name, lookup_line=False, line="")
                for f, line in frames
            ]
        )


def user_frames(stack: traceback.StackSummary, codebase: Codebase, example: Span | None) -> tuple[Frame, ...]:
    """Return the frames of a stack that are the user's, outermost first."""
    frames = []
    for entry in stack:
        if not codebase.owns(entry.filename):
            continue
        frame = Frame(entry.filename, entry.lineno or 1, entry.name, entry.line or None)
        if entry.filename == EXAMPLE_FILE:
            if example is None:
                continue
            frame = replace(frame, path=example.path, line=example.line + frame.line - 1, function=None)
        frames.append(frame)
    return tuple(frames)


def _syntax_failure(error: SyntaxError, stage: str, codebase: Codebase) -> Failure:
    path = error.filename or codebase.target
    line = _line_in_its_place(path, error.lineno) or error.text
    text = clipped(line.rstrip(), 400) if line else None
    importing = user_frames(stack_of(error), codebase, None)
    return Failure(
        "syntax" if os.path.realpath(path) == os.path.realpath(codebase.target) else stage,
        "error",
        problem_of(error),
        path,
        error.lineno,
        error.offset if error.offset and error.offset > 0 else None,
        advice_for(error, stage, codebase),
        (*importing, Frame(path, error.lineno or 1, "<module>", text)),
        _formatted(error),
    )


def _line_in_its_place(path: str, line: int | None) -> str | None:
    """Return a line of a text that stands in the place of a file; Python itself reads the line of the file instead."""
    entry = linecache.cache.get(path)
    is_in_place = entry is not None and len(entry) == 4 and entry[1] is None
    return linecache.getline(path, line) if is_in_place and line is not None else None


def code_line(path: str, line: int) -> str | None:
    """Return the text of a line, stripped; None if it is empty or the file cannot be read."""
    try:
        linecache.checkcache(path)
        return linecache.getline(path, line).strip() or None
    except Exception:  # an audit hook of the user's, which refuses `open`
        return None
