"""The maps of the classes of a file in a terminal, one line each: the example and its result, or the failure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console

from aotlens.explain.examples import brief_origin
from aotlens.explain.failures import brief_message
from aotlens.explain.paths import PathLabel, position
from aotlens.explain.report import findings_in_brief
from aotlens.explain.shapes import slot_in_brief
from aotlens.explain.subclasses import subclass_in_brief
from aotlens.model.slots import whole_name
from aotlens.model.subclasses import piece_at
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Output

from .layout import end_of_path
from .paper import Paper
from .terminal_report import print_attempts

_WIDEST = 40
"""The widest that the columns of names and of origins are padded to; a longer text breaks the alignment."""
_MOST = 3
"""The most arguments, and the most outputs, that are shown."""


def render_overview(maps: Sequence[DescriptorMap], console: Console, *, explain: bool, path_label: PathLabel) -> None:
    """Print the maps of one file to `console`; with `explain`, the examples that were passed over as well."""
    paper = Paper(console)
    traced = sum(map.status == "traced" for map in maps)
    paper.line((path_label(maps[0].target.path), "bold"), (f"  {traced} of {len(maps)} traced", ""))
    paper.line()
    names = [map.target.qualname for map in maps]
    origins = [_origin(map, path_label) for map in maps]
    noted = [findings_in_brief(map) for map in maps]
    widths = [min(max(cell_len(text) for text in column), _WIDEST) for column in (names, origins)]
    for map, name, origin, findings in zip(maps, names, origins, noted, strict=True):
        good = map.status == "traced"
        paper.block(
            (f"{_padded(name, widths[0])}  ", "bold"),
            (f"{_padded(origin, widths[1])}  ", "dim" if good else "bold red"),
            (_graph(map) if good else _failure(map, path_label), ""),
            (f"  {findings}" if findings else "", "yellow"),
            hang=2,
        )
        if explain:
            print_attempts(map, paper, path_label)
    paper.line()
    shown = next((name for name, findings in zip(names, noted, strict=True) if findings), None)
    what = "One in full" if shown is None else "One in full, with its findings"
    paper.block((f"{what}: aotlens trace {path_label(maps[0].target.path)}::{shown or names[0]}", "dim"))


def _padded(text: str, width: int) -> str:
    return text + " " * max(width - cell_len(text), 0)


def _origin(map: DescriptorMap, path_label: PathLabel) -> str:
    if map.status != "traced" or map.example is None:
        return map.status
    return brief_origin(map.example, lambda path: end_of_path(path_label(path)))


def _graph(map: DescriptorMap) -> str:
    """The arguments and the outputs of the call: `x: f32[2, 16] → f32[2, 4]`."""
    arguments = [f"{item.name}: {item.value}" for item in map.example.arguments] if map.example is not None else []
    outputs = dict.fromkeys(
        f"{whole_name(slot).removeprefix('output')} {_type(slot, graph)}".strip()
        for graph in map.graphs
        for slot in graph.outputs
        if slot.label.startswith("output")
    )
    return f"{_some(arguments)} → {_some(list(outputs))}"


def _type(slot: Output, graph: Graph) -> str:
    """The type of the output that a slot is, or is a piece of."""
    found = piece_at(slot, graph)
    return subclass_in_brief(found.whole) if found is not None else slot_in_brief(slot, graph)


def _some(parts: Sequence[str]) -> str:
    more = f", and {len(parts) - _MOST} more" if len(parts) > _MOST else ""
    return ", ".join(parts[:_MOST]) + more


def _failure(map: DescriptorMap, path_label: PathLabel) -> str:
    failure = map.failure
    if failure is None:
        return ""
    where = position(failure.path, failure.line, failure.column, path_label)
    first = brief_message(failure)
    return f"{where}: {first}" if where else first
