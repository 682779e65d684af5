"""Hints with recorded values at the ends of lines: what a line assigns, takes as an argument or returns.

They stand at the end of the line, as those of shapes and bytes: a hint in the middle would move the code after it, and
the cursor with it, whenever it comes or goes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from aotlens.explain.shortening import clipped
from aotlens.explain.value_hints import STALE, not_run_label, not_run_tooltip, values_label, values_tooltip
from aotlens.model.contexts import class_at
from aotlens.model.not_run import not_run
from aotlens.model.snapshot import Snapshot
from aotlens.model.values import Had, skipped_on_lines, values_on_lines
from aotlens.syntax.definitions import Definition
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

_SHOWN = ("target", "argument", "result")
_LONGEST_NAME = 24
"""The most characters of a target in a label."""


@dataclass(frozen=True)
class LineEnd:
    """A hint at the end of a line: `label` is shown beside the code, `tooltip` when the mouse is over it."""

    line: int
    label: str
    tooltip: str


def code_around(document: Document, line: int) -> Definition | None:
    """The function whose values are shown while the cursor is on a line; None if there is none.

    That is the function or method around it, and at module level the loop of a training step. In the rest of a class,
    such as its constructor, it is `forward`, in which the effect of a change is to be seen.
    """
    owner = class_at(document, line)
    first = owner.line if owner is not None else 0
    around = [d for d in _functions(document) if d.start_line <= line <= d.end_line and d.line > first]
    found = around[0] if around else None
    if owner is not None and (found is None or found.qualname == f"{owner.qualname}.__init__"):
        forward = f"{owner.qualname}.forward"
        found = next((d for d in _functions(document) if d.qualname == forward), found)
    return found if found is not None or owner is not None else _loop_around(document, line)


def _loop_around(document: Document, line: int) -> Definition | None:
    """The lines of the training steps at module level whose loop holds a line, as one piece of code."""
    loops = [(step.start_line, step.line) for step in document.steps if not step.function]
    around = [(first, max(last for start, last in loops if start == first)) for first, _ in loops if first <= line]
    first, last = max(around, default=(0, 0))
    return Definition("", "function", first, first, last) if first <= line <= last else None


def value_hints(snapshot: Snapshot, document: Document, first: int, last: int) -> list[LineEnd]:
    """The hints of the lines `first` to `last`, each from the model that also answers hovers there."""
    shown = [had for had in values_on_lines(snapshot, document, first, last) if had.cases]
    hints = {line: _values(document, hads) for line, hads in _by_line(shown)}
    for span in skipped_on_lines(snapshot, document, first, last):
        found = not_run(snapshot, document, span.line) if span.line >= first and span.line not in hints else None
        if found is not None:
            label = not_run_label(found) + (STALE if found.recording.is_stale else "")
            hints[span.line] = LineEnd(span.line, label, not_run_tooltip(found))
    return [hints[line] for line in sorted(hints)]


def _by_line(hads: list[Had]) -> Iterator[tuple[int, list[Had]]]:
    """The targets, arguments and results of each line, without what stands inside of an expression."""
    for line, group in itertools.groupby(hads, key=lambda had: had.span.line):
        members = list(group)
        expressions = [had.span for had in members if had.role == "expression"]
        kept = [had for had in members if had.role in _SHOWN and not _is_inside(had, expressions)]
        if kept:
            yield line, kept


def _is_inside(had: Had, expressions: list[Span]) -> bool:
    """Whether a target is in an expression, as in a comprehension."""
    at = (had.span.line, had.span.column or 1)
    return had.role == "target" and any(
        (one.line, one.column or 1) < at < (one.end_line or one.line, one.end_column or 1) for one in expressions
    )


def _values(document: Document, hads: list[Had]) -> LineEnd:
    line = hads[0].span.line
    named = [(_name(document, had), had) for had in hads]
    text = document.line(line).strip()
    is_alone = len(hads) == 1 and (hads[0].role != "argument" or text.startswith(named[0][0]))
    label = values_label(named, show_names=not is_alone)
    return LineEnd(line, label + (STALE if hads[0].recording.is_stale else ""), values_tooltip(named))


def _name(document: Document, had: Had) -> str:
    """The target or argument as the code writes it; empty for a result."""
    if had.role == "result":
        return "return"
    span = had.span
    end = (span.end_column or 1) - 1 if span.end_line == span.line else None
    return clipped(document.line(span.line)[(span.column or 1) - 1 : end], _LONGEST_NAME)


def _functions(document: Document) -> list[Definition]:
    return [definition for definition in document.definitions if definition.kind == "function"]
