"""The functions that torch.compile compiles anew: within the call, and in calls that follow it."""

from __future__ import annotations

import re
import types

from ..graph.compiled_guards import innermost_place
from ..loading.definitions import qualified_name
from ..torch_private import LIMIT_EXCEEDED, CompiledCall, Recompile, recompile_limit
from ..wire.compile_reasons import Recompiled, RecompiledWhen
from ..wire.dynamo_expressions import read_expression
from ..wire.findings import Finding, Subject
from .context import Context

_CALLS = 3
"""The number of further calls: what is compiled anew in each of them is compiled anew for ever."""
_OF_CALLER = re.compile(r"\bL\['(?!self'\])")
"""The beginning of an expression that a caller gives, or that an earlier graph returned."""
_EXPRESSION = re.compile(r"(?:L\['self'\]|G\['\w+'\])(?:\.\w+(?:\(\))?|\[[^\[\]]+\])*")


def recompiled(context: Context, called: CompiledCall) -> list[Finding]:
    """Return what is compiled anew within the call, and in the same call made again, until it is compiled no more.

    The further calls get the same arguments. What they change of the arguments is no finding: a caller gives new ones.
    """
    exceeded = {item.code for item in called.breaks if getattr(item.error, "gb_type", None) == LIMIT_EXCEEDED}
    found: dict[object, Finding] = {}
    for item in called.recompiles:
        _add(found, context, item, "same-call", item.code in exceeded)
    calls: list[tuple[Recompile, ...]] = []
    succeeds = True
    while succeeds and len(calls) < _CALLS and (not calls or calls[-1]):
        found_in_call, succeeds = called.repeat()
        calls.append(found_in_call)
    lasting = {_frame(item) for item in calls[-1]} if succeeds and len(calls) == _CALLS else set()
    for call in calls:
        for item in call:
            is_lasting = _frame(item) in lasting and _is_in(item, calls[-1])
            _add(found, context, item, "each-call" if is_lasting else "next-call", False)
    return list(found.values())


def _frame(item: Recompile) -> tuple[str, types.CodeType | None]:
    """Return the frame that is compiled: several compilations have one."""
    return item.compile_id.partition("/")[0], item.code


def _is_in(item: Recompile, others: tuple[Recompile, ...]) -> bool:
    return any(_frame(item) == _frame(other) and _looked_at(item) == _looked_at(other) for other in others)


def _looked_at(item: Recompile) -> str:
    match = _EXPRESSION.search(item.condition)
    return match[0] if match else item.condition


def _add(
    found: dict[object, Finding], context: Context, item: Recompile, when: RecompiledWhen, is_reached: bool
) -> None:
    """Enter a finding, unless there is one of the same thing at the same place."""
    if _OF_CALLER.search(item.condition) or ("L['self']" not in item.condition and "G['" not in item.condition):
        return
    target = context.draft.map.target
    span = innermost_place(item.stack, context.codebase)
    name = read_expression(_looked_at(item)).name
    path, line = (span.path, span.line) if span is not None else (target.path, target.line)
    function = qualified_name(item.code) if item.code is not None else None
    reason = Recompiled(when, item.condition, function, recompile_limit(), is_reached, item.hint)
    found.setdefault(
        (name, path, line, function), Finding("recompiled", path, line, None, (Subject("value", name),), reason)
    )
