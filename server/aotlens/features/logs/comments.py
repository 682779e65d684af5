"""Writes the names beside the numbers: a comment at the end of each line of a log that defines or reads inputs."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.log_values import name_in_brief, value_in_brief
from aotlens.features.fixes.action import TextEdit
from aotlens.logs.named import ValueName

from .view import LogView

MOST_EDITS = 20_000
"""The most lines that get a comment at once."""
_BEFORE = "  # "


def comments(view: LogView) -> list[TextEdit]:
    """The comments that the log does not have yet, each an edit at the end of a line, from the first line on."""
    edits = []
    for line, comment in sorted(_by_line(view).items()):
        text = view.document.line(line)
        end = len(text.rstrip()) + 1
        if comment and not text.rstrip().endswith((comment, "\\")):  # a backslash joins the line with the next
            edits.append(TextEdit(view.span_of(line, end, len(text) + 1), _BEFORE + comment))
    return edits[:MOST_EDITS]


def decoded(view: LogView) -> str:
    """The text of the log with these comments."""
    lines = list(view.document.lines)
    for edit in comments(view):
        text = lines[edit.span.line - 1]
        lines[edit.span.line - 1] = text[: (edit.span.column or 1) - 1] + edit.text
    return "\n".join(lines)


def _by_line(view: LogView) -> dict[int, str]:
    """The comments by line."""
    found: dict[int, str] = {}
    for graph in view.names.graphs:
        inputs = {value.value.node: value for value in graph.inputs}
        defined: dict[int, list[ValueName]] = {}
        for value in graph.inputs:
            if value.value.place is not None:
                defined.setdefault(value.value.place.line, []).append(value)
        if graph.graph.kind != "dynamo":  # its own names say it
            for operation in graph.graph.operations:
                read = [inputs[node] for node in operation.reads if node in inputs]
                if operation.place is not None and operation.place.line not in defined:
                    found[operation.place.line] = _names(read)
        found.update({line: _definitions(values) for line, values in defined.items()})
    return found


def _definitions(values: Sequence[ValueName]) -> str:
    """`x (argument)` for one value; `primals_1: up.weight (parameter), primals_2: …` for several."""
    said = [(value.value.node, brief) for value in values if (brief := value_in_brief(value)) is not None]
    if len(values) == 1:
        return said[0][1] if said else ""
    return ", ".join(f"{node}: {brief}" for node, brief in said)


def _names(values: Sequence[ValueName]) -> str:
    """`primals_1: up.weight, primals_3: x`."""
    distinct = {value.value.node: brief for value in values if (brief := name_in_brief(value)) is not None}
    return ", ".join(f"{node}: {brief}" for node, brief in distinct.items())
