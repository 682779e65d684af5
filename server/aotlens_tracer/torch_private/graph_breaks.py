"""The graph breaks of a run, as torch logs them, and their texts taken apart."""

from __future__ import annotations

import contextlib
import re
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
import torch._dynamo
from torch._dynamo import convert_frame
from torch._dynamo.exc import get_stack_above_dynamo
from torch._dynamo.resume_execution import ContinueExecutionCache
from torch._dynamo.symbolic_convert import InstructionTranslatorBase
from torch._guards import CompileContext, TracingContext

from .dynamo import dynamo_settings

_RESUMES = re.compile(r"^torch_dynamo_resume_in_.+_at_(\d+)$")
"""The name of a function that Dynamo makes for the code after a graph break, with the line of the break."""
_ANOTHER = "*** While handling this graph break, another graph break occurred: ***"
"""The line between the texts of a break and of one that it causes (`torch/_dynamo/exc.py`, `unimplemented`)."""
_LINK = re.compile(r"please visit: (\S+)")
_IN_EAGER = ("Encountered graph break that we cannot resume from", "Failed to handle graph break gracefully")
"""The beginnings of what Dynamo logs where it leaves the rest of a function to eager."""
_IN_LOOP = "graph break in loop"
"""The type of a break for which Dynamo leaves the function to eager."""


@dataclass(frozen=True)
class Break:
    """A graph break, or a function that torch.compile leaves to eager as a whole (`skips`).

    `reason` is torch's text, as in its logs, `error` the exception behind it, and `stack` the frames of the call chain
    there, outermost first. `code` is the code of the user's function that was being compiled, under the id
    `compile_id`. With `in_eager`, torch.compile leaves the rest of that function to eager. `at` is the expression of
    that function at which it breaks; None if there is no such.
    """

    reason: str
    error: Exception
    stack: traceback.StackSummary
    code: types.CodeType | None
    compile_id: str
    skips: bool = False
    in_eager: bool = False
    at: traceback.FrameSummary | None = None


@dataclass(frozen=True)
class BreakText:
    """The parts of Dynamo's message about a graph break; all but the reason may be absent."""

    reason: str
    explanation: str | None
    hints: tuple[str, ...]
    link: str | None
    then: tuple[str, ...]


@contextlib.contextmanager
def noting_breaks() -> Iterator[list[Break]]:
    """Yield a list of the graph breaks that happen while entered, and of the functions that are left to eager."""
    found: list[Break] = []
    log_graph_break = InstructionTranslatorBase.log_graph_break
    frames: Any = convert_frame
    format_error_msg = frames.format_error_msg

    def log(translator: Any, options: Any, reason: str, exc: Any) -> None:
        if not getattr(exc, "logged", False):
            root = translator.output.root_tx
            found.append(_noted(reason, exc, root.f_code, False, root.frame_summary()))
        log_graph_break(translator, options, reason, exc)

    def skip(exc: Any, code: types.CodeType, *rest: Any) -> str:
        if not getattr(exc, "logged", False):
            found.append(_noted(str(exc), exc, code, True))
        return str(format_error_msg(exc, code, *rest))

    logging = patch.object(InstructionTranslatorBase, "log_graph_break", log)
    with logging, patch.object(frames, "format_error_msg", skip):
        yield found


def _noted(
    reason: str, error: Exception, code: types.CodeType, skips: bool, at: traceback.FrameSummary | None = None
) -> Break:
    # A function that is called after a break is compiled alone: its callers are on Python's own stack.
    above = get_stack_above_dynamo()
    stack = traceback.StackSummary.from_list(
        [*above, *(getattr(error, "real_stack", None) or TracingContext.extract_stack())]
    )
    compile_id = str(getattr(error, "compile_id", None) or CompileContext.current_trace_id())
    in_eager = skips or reason.startswith(_IN_EAGER) or getattr(error, "gb_type", None) == _IN_LOOP
    return Break(reason, error, stack, original_code(code)[0], compile_id, skips, in_eager, at)


def original_code(code: types.CodeType | None) -> tuple[types.CodeType | None, int | None]:
    """Return the user's code behind that of a frame, and the line after which a function of Dynamo's goes on in it."""
    if code is None or (resumes := _RESUMES.match(code.co_name)) is None:
        return code, None
    known = ContinueExecutionCache.generated_code_metadata
    while code in known:
        code = known[code].code
    return code, int(resumes[1])


def explain_graph_breaks(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Break]:
    """Return every graph break of a call that need not be one graph. Raises what the call raises."""
    torch._dynamo.reset()
    with dynamo_settings(), noting_breaks() as found:
        torch._dynamo.explain(function)(*args, **kwargs)
    return found


def parts_of(text: str) -> BreakText:
    """Take the text of a graph break apart (`torch/_dynamo/exc.py`, `format_graph_break_message`)."""
    first, *more = text.split(_ANOTHER)
    lines = first.strip().splitlines()
    reason = lines[0].strip() if lines else ""
    explanation: str | None = None
    hints: list[str] = []
    current: str | None = None
    for line in lines[1:]:
        stripped = line.strip()
        if stripped.startswith(("Explanation: ", "Hint: ", "Developer debug context: ")) or not stripped:
            current = stripped
        elif current is not None:  # a text of several lines goes on
            current = f"{current} {stripped}"
        if current is not None and current.startswith("Explanation: "):
            explanation = current.removeprefix("Explanation: ")
        elif current is not None and current.startswith("Hint: "):
            hint = current.removeprefix("Hint: ").strip()
            hints = [*hints[:-1], hint] if hints and not stripped.startswith("Hint: ") else [*hints, hint]
    links = _LINK.findall(first)
    then = (part.strip().partition("\n")[0].strip() for part in more)
    return BreakText(reason, explanation, tuple(hints), links[-1] if links else None, tuple(filter(None, then)))
