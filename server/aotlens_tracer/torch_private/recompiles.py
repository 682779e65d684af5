"""Why torch.compile compiles a function anew: the guards that fail, as Dynamo finds them when it is about to do so."""

from __future__ import annotations

import contextlib
import traceback
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch._dynamo.config
from torch._dynamo import convert_frame
from torch._dynamo.exc import get_stack_above_dynamo

from .graph_breaks import original_code

LIMIT_EXCEEDED = "Dynamo recompile limit exceeded"
"""Torch's name for the refusal to compile a function once more (`torch/_dynamo/convert_frame.py`)."""
_HINT = "(HINT: "


@dataclass(frozen=True)
class Recompile:
    """A function that is compiled anew, because a guard of its newest compilation failed.

    `compile_id` is that of the newest compilation, `condition` torch's text of what failed, and `hint` its advice, None
    if it has none. `stack` is the call chain to the line that needs the guard, outermost first.
    """

    compile_id: str
    code: types.CodeType | None
    condition: str
    hint: str | None
    stack: traceback.StackSummary


def recompile_limit() -> int:
    """Return how often torch.compile compiles a function anew before it leaves it to eager."""
    return int(torch._dynamo.config.recompile_limit)


@contextlib.contextmanager
def noting_recompiles() -> Iterator[list[Recompile]]:
    """Yield a list of the functions that are compiled anew while entered, in their order."""
    found: list[Recompile] = []
    frames: Any = convert_frame
    original = frames.get_and_maybe_log_recompilation_reasons

    def reasons(entries: Any, frame: Any, *rest: Any, **options: Any) -> Any:
        with contextlib.suppress(Exception):
            noted = _noted(entries[0], frame)
            if noted is not None:
                found.append(noted)
        return original(entries, frame, *rest, **options)

    with patch.object(frames, "get_and_maybe_log_recompilation_reasons", reasons):
        yield found


def _noted(entry: Any, frame: Any) -> Recompile | None:
    """Return what failed in the newest compilation of a frame (`get_guard_fail_reason_helper` of torch)."""
    manager = entry.guard_manager
    info = manager.check_verbose(frame.f_locals)
    parts = list(info.verbose_code_parts)
    if info.result or not parts:
        return None
    if len(parts) > 1:
        scope = {"L": frame.f_locals, "G": manager.global_scope["G"], **manager.closure_vars}
        parts = [part for part in parts if not eval(part, dict(manager.global_scope), scope)] or parts
    text = parts[0]
    condition = text.partition("  #")[0].partition(_HINT)[0].strip()
    hint = text.partition(_HINT)[2].rstrip().removesuffix(")") or None
    stack = traceback.StackSummary.from_list([*get_stack_above_dynamo(), *(info.user_stack or ())])
    return Recompile(str(entry.compile_id), original_code(frame.f_code)[0], condition, hint, stack)
