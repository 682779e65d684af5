"""The graph breaks of a map: at the user's lines, each once, with torch's reason taken apart."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..examples.evaluate import BuiltExample
from ..failures import Codebase, advice_for_refusal, refusal_of, user_frames
from ..loading.definitions import qualified_name
from ..torch_private import LIMIT_EXCEEDED, Break, explain_graph_breaks, parts_of
from ..wire.compiled import Compiled, DynamoSource
from ..wire.graph_breaks import GraphBreak
from ..wire.places import Span
from ..wire.problems import GivenUpBy

_NO_HINTS = (
    "Please report an issue",
    "Please file an issue",
    "If it is a Python builtin, please file an issue",
    "It may be possible to write Dynamo tracing rules",
    "Your code may result in an error when running in eager",  # the call was made in eager
    "This is likely to be a Dynamo bug",
    "This graph break may be difficult to debug",
    "This graph break is fundamental",
    "This graph break may have been caused by an earlier graph break",
)
"""The beginnings of Dynamo's hints that say nothing about the cause (`torch/_dynamo/graph_break_hints.py`)."""


def graph_breaks(example: BuiltExample | None, codebase: Codebase, first: Exception) -> tuple[GraphBreak, ...]:
    """Return every graph break: the first, at which capture stops, and those of a run that is not full-graph.

    If that run fails, or without an example to run, the first alone is returned. The run makes the call, which may
    change the example's tensors in place.
    """
    text, by = refusal_of(first)
    error = first.__cause__ if by == "aotautograd" else first
    found = [_graph_break(text, getattr(error, "real_stack", None), by, codebase)]
    if example is not None:
        with contextlib.suppress(Exception), example.fake():
            for item in explain_graph_breaks(example.function, example.args, example.kwargs):
                found.append(_graph_break(*_refused(item), codebase))
    return _each_once(found)


def breaks_of_run(
    breaks: Iterable[Break], graphs: Iterable[tuple[Compiled | None, Sequence[DynamoSource | None]]], codebase: Codebase
) -> tuple[GraphBreak, ...]:
    """Return the graph breaks of a run of torch.compile; `graphs` are its graphs, with the sources of their inputs."""
    resumed = list(graphs)
    found = []
    for item in breaks:
        if getattr(item.error, "gb_type", None) == LIMIT_EXCEEDED:  # it is no break, but the end of recompilation
            continue
        known = _graph_break(*_refused(item), codebase)
        function = qualified_name(item.code) if item.code is not None else None
        if item.in_eager:
            found.append(replace(known, effect="eager", function=function))
        else:
            crossing = _crossing(item, resumed)
            found.append(replace(known, effect="splits", function=function, crossing=crossing))
    return _each_once(found)


def _refused(item: Break) -> tuple[str, traceback.StackSummary, GivenUpBy]:
    text, by = refusal_of(item.error)
    return text, item.stack, by


def _crossing(item: Break, graphs: Iterable[tuple[Compiled | None, Sequence[DynamoSource | None]]]) -> tuple[str, ...]:
    """Return the local variables that the next graph takes from before a break."""
    code = item.code
    # The frames above may be of the same function, at an earlier break after which it was resumed.
    line = item.at.lineno if item.at is not None else None
    for compiled, sources in graphs:
        if compiled is None or code is None or compiled.span != Span(code.co_filename, code.co_firstlineno):
            continue
        if compiled.resumes_at is not None and compiled.resumes_at == line:
            names = (source.name for source in sources if source is not None and source.role == "local")
            return tuple(dict.fromkeys(names))
    return ()


def _each_once(breaks: Iterable[GraphBreak]) -> tuple[GraphBreak, ...]:
    """Return each break once, as it is for the innermost function.

    A function breaks where it is inlined in its callers, from the outermost on, and again where it is compiled alone.
    """
    unique: dict[tuple[str, str | None, int | None], GraphBreak] = {}
    for item in breaks:
        outer = unique.get(key := (item.reason, item.path, item.line))
        if outer is None or item.effect == "stops":
            unique.setdefault(key, item)
            continue
        callers = outer.callers_in_eager
        if outer.effect == "eager" and outer.function is not None and outer.function != item.function:
            callers = (*callers, outer.function)
        unique[key] = replace(item, callers_in_eager=tuple(dict.fromkeys(callers)))
    return tuple(unique.values())


def _graph_break(text: str, stack: traceback.StackSummary | None, by: GivenUpBy, codebase: Codebase) -> GraphBreak:
    """Return Dynamo's message, taken apart, at the innermost line of the user's."""
    parts = parts_of(text)
    frames = user_frames(stack, codebase, None) if stack else ()
    place = frames[-1] if frames else None
    last = stack[-1] if stack else None
    is_users = last is None or (place is not None and (place.path, place.line) == (last.filename, last.lineno))
    return GraphBreak(
        parts.reason,
        place.path if place else None,
        place.line if place else None,
        tuple(hint for hint in parts.hints if not hint.startswith(_NO_HINTS)),
        by,
        parts.explanation,
        parts.link,
        parts.then,
        inside=None if is_users or last is None else Span(last.filename, last.lineno or 1),
        advice=advice_for_refusal(text) if by != "dynamo" else None,
    )
