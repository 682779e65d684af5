"""From an exception to a Problem: its type and text, and the exceptions that caused it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator

from ..wire import problems as facts
from ..wire.class_names import module_of_type, name_of_type
from ..wire.json_codec import Tagged
from .codebase import HERE
from .denied import denial_in
from .errors import BackwardError, CaptureError, EndlessValue, ForwardError, JointError, TraceError

LONGEST_TEXT = 4000
"""Characters of an exception's text that are kept."""
_NO_FAKE = re.compile(
    r"no fake impl registered for <CustomOpDef\(([\w:.]+)\)>"
    r"|([\w:.]+): attempted to run this operator with Meta tensors, but there was no fake impl"
)
"""The parts of torch's own messages about an operator without an implementation for fake tensors."""
_IN_EAGER = {"FakeTensorDeviceMismatchError": "RuntimeError"}
"""The exception that real tensors raise in the place of one of fake tensors."""
_OF_FAKE_TENSORS = ("'FakeTensor'", "'Tensor'")
"""A part of Python's own messages, and what it is for real tensors."""
_NAMES_NO_CAUSE = "torch._"
"""The module of exceptions that repeat their cause in their own text: those of Dynamo and of fake tensors."""
_DYNAMO = "torch._dynamo."
"""The modules of Dynamo's own errors, whose texts are sentences."""


def problem_of(error: BaseException) -> facts.Problem:
    """Return what an exception says, with the exception that caused it in the first place."""
    if isinstance(error, TraceError):
        return error.failure.problem
    if isinstance(error, EndlessValue):
        return error.problem
    if isinstance(error, CaptureError):
        refusal = error.direct_error or error.__cause__ or error.dynamo_error
        text, by = refusal_of(error.dynamo_error)
        return facts.NotCaptured(clipped(text), problem_of(refusal), by)
    if isinstance(error, (ForwardError, BackwardError)) and error.__cause__ is not None:
        problem = problem_of(error.__cause__)
        return facts.BackwardFails(problem) if isinstance(error, BackwardError) else problem
    known = next((known for part in chain(error) if (known := _known(part)) is not None), None)
    if known is not None:
        return known
    if isinstance(error, SystemExit):
        code = error.code if error.code is None or isinstance(error.code, int) else str(error.code)[:200]
        return facts.CalledExit(None if code is None else repr(code))
    if isinstance(error, KeyboardInterrupt):
        return facts.Interrupted()
    if isinstance(error, MemoryError):
        text = text_of(error) or ("Python source too complex to parse" if is_of_parser(error) else "")
        return facts.NoMemory(clipped(text))
    kind = name_of_type(type(error))
    if kind == "DataDependentOutputException":
        return facts.ReadsData(text_of(error))
    if kind == "DynamicOutputShapeException":
        return facts.DataDependentSize(text_of(error))
    if (operator := operator_without_fake(error)) is not None:
        return facts.NoFakeImplementation(operator)
    denial = denial_in(error, f"{name_of_type(type(error))}: {clipped(text_of(error))}")
    if denial is not None:
        return denial
    root = list(chain(error))[-1]
    return _raised(error, None if root is error else _raised(root))


def is_of_parser(error: BaseException) -> bool:
    """Return whether Python's parser raised a MemoryError: the stack of the parser is full, whatever memory there is.

    It says so from Python 3.12 on (`_PyPegen_stack_overflow`), and has no text before.
    """
    frames = traceback.extract_tb(error.__traceback__)
    parses = bool(frames) and (frames[-1].filename.startswith("<frozen importlib") or frames[-1].name == "parse")
    return isinstance(error, MemoryError) and parses


def refusal_of(error: Exception) -> tuple[str, facts.GivenUpBy]:
    """Return why a call is not captured through Dynamo, and what gives up there.

    Dynamo's own errors are sentences; any other error has its type before its text, which alone may say nothing:
    `DynamicOutputShapeException: aten.nonzero.default`.
    """
    refused = isinstance(error, JointError) and error.__cause__ is not None
    reason = error.__cause__ if refused and error.__cause__ is not None else error
    text = str(getattr(reason, "msg", None) or text_of(reason))
    if not refused and any(module_of_type(kind).startswith(_DYNAMO) for kind in type(reason).__mro__):
        return text, "dynamo"
    return f"{name_of_type(type(reason))}: {text}", "aotautograd" if refused else "internal"


def operator_without_fake(error: BaseException) -> str | None:
    """Return the operator that has no implementation for fake tensors; None for any other error."""
    text = text_of(error)
    if name_of_type(type(error)) == "UnsupportedOperatorException":
        return text
    match = _NO_FAKE.search(text) if len(text) < LONGEST_TEXT else None  # a search costs the square of its length
    return match[1] or match[2] if match is not None else None


def _known(error: BaseException | None) -> facts.Problem | None:
    """Return the problem of an exception of ours that has one, such as SideEffect."""
    problem = getattr(error, "problem", None)
    return problem if isinstance(problem, Tagged) else None  # type: ignore[return-value]  # ours are all Problems


def _raised(error: BaseException, cause: facts.Raised | None = None) -> facts.Raised:
    if isinstance(error, SyntaxError):
        return facts.Raised(name_of_type(type(error)), clipped(str(error.msg)), cause)
    name, text = name_of_type(type(error)), text_of(error)
    return facts.Raised(_IN_EAGER.get(name, name), clipped(text.replace(*_OF_FAKE_TENSORS)), cause)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, the one that caused it, and so on to the first.

    The exception that was being handled counts as the cause if the code says so (`raise … from`), if an import fails,
    or if it is ours. The chain stops at an exception that repeats its cause in its text, and at one whose
    cause we caught ourselves.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        cause = current.__cause__
        if cause is None and isinstance(current, ImportError) and not current.__suppress_context__:
            cause = current.__context__
        if _known(current.__context__) is not None:  # found code caught our own exception, and raised another one
            current = current.__context__
            continue
        if cause is None or module_of_type(type(current)).startswith(_NAMES_NO_CAUSE) or _is_ours(cause):
            return
        text = text_of(cause).strip()
        current = None if text and text in text_of(current) else cause


def _is_ours(error: BaseException) -> bool:
    """Whether our own code caught an exception: then it is not shown as the cause of a later one."""
    first = error.__traceback__
    return first is not None and first.tb_frame.f_code.co_filename.startswith(HERE)


def clipped(text: str, limit: int = LONGEST_TEXT) -> str:
    """Return a text of any length, without its middle if it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} […, {len(text) - 2 * half} characters left out] {text[-half:]}"


def text_of(error: BaseException) -> str:
    """Return `str(error)`, which may itself raise in a class of the user's."""
    try:
        return str(error)
    except BaseException as second:
        return f"(its __str__ raised {name_of_type(type(second))})"


def reads_data(error: BaseException) -> bool:
    """Whether the data of a tensor was needed, which fake tensors lack."""
    kinds = ("DataDependentOutputException", "DynamicOutputShapeException")
    # The last text is `while_loop`'s on fake tensors: the number of its steps is data.
    texts = ("aten._local_scalar_dense", "ignore_fresh_unbacked_symbols")
    return name_of_type(type(error)) in kinds or any(text in text_of(error) for text in texts)
