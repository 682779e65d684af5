"""The table of what interrupted the compilations of a trace: graph breaks, failures, guards that failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.logged import compile_in_words
from aotlens.logs.graphs import LoggedBreak, LoggedCompile

from .rows import counted

_RESUMED = "torch_dynamo_resume_in_"
_MOST_ROWS = 40
_ANOTHER = "another graph break occurred: ***"
"""Torch's words before the reason why it could not go on after a graph break, in its text of a failure."""


def interruptions(compiles: Sequence[LoggedCompile], full: bool) -> Table | None:
    """Graph breaks, failures and recompilations, in their order; None if there were none."""
    rows = list(dict.fromkeys(row for compile in compiles for row in _rows(compile)))
    if not rows:
        return None
    shown = rows if full else rows[:_MOST_ROWS]
    left = len(rows) - len(shown)
    columns = (
        Column("compile", "prose"),
        Column("function", "name", 1),
        Column("what", "prose"),
        Column("at", "place", 2),
        Column("torch's reason", "prose"),
    )
    notes = (f"{counted(left, 'row')} more: `--full` lists them.",) if left else ()
    body = tuple(tuple(Cell(text) for text in row) for row in shown)
    return without_empty(Table("Graph breaks and recompilations", "", columns, body, notes))


def _rows(compile: LoggedCompile) -> Iterator[tuple[str, str, str, str, str]]:
    words = compile_in_words(compile.compile).removeprefix("compile ")
    function = (compile.function or NOTHING).removeprefix(_RESUMED)
    for reason in compile.recompiled_because:
        yield words, function, "compiled anew", _place(compile.file, compile.line), _first_line(reason)
    for broken in compile.breaks:
        yield words, function, "graph break", _place(broken.file, broken.line), _reason(broken)
    if compile.failed is not None:
        why = compile.failed.rpartition(_ANOTHER)[2]
        yield words, function, "left to eager", _place(compile.file, compile.line), _first_line(why)


def _place(file: str | None, line: int | None) -> str:
    """The name of a file, whose path is another machine's, and the line."""
    return NOTHING if file is None else f"{PurePath(file).name}:{line}"


def _reason(broken: LoggedBreak) -> str:
    return _first_line(broken.reason or broken.text)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.split("\n") if line.strip()), NOTHING)
