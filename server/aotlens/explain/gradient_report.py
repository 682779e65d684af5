"""The gradients of a map for a person who asks why one is missing: those that are not as wanted, or those of a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aotlens.model.gradients import OnlyInEager, is_missing
from aotlens.model.index import MapIndex, index_of
from aotlens.model.slots import Entry, whole_name
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Finding

from .blocks import NOTHING, Block, Cell, Column, Paragraph, Table, line, marked, sentence, strong, without_empty
from .findings.words import related, severity
from .gradients import gradient_in_words
from .graph_summary import FORWARD_ONLY, map_in_words
from .paths import PathLabel, place, position
from .report import findings

_CODES = (
    "parameter-without-gradient",
    "argument-without-gradient",
    "parameter-in-no-optimizer",
    "gradient-always-zero",
    "gradient-outside-graph",
    "unregistered-parameter",
)
_MOST = 50
_COLUMNS = (Column("node", "node"), Column("name", "name"), Column("made at", "place", 1), Column("gradient", "prose"))


def is_about_gradients(code: str) -> bool:
    """Whether findings with this code say that something is not trained."""
    return code in _CODES


def without_gradient(index: MapIndex) -> list[Entry]:
    """The inputs that require a gradient, and do not get it from the graph or in eager."""
    return [
        entry
        for entry in index.entries
        if is_missing(gradient := index.gradient(entry)) or isinstance(gradient, OnlyInEager)
    ]


def gradient_blocks(
    map: DescriptorMap, wanted: Callable[[Sequence[str]], bool] | None, path_label: PathLabel
) -> list[Block]:
    """The gradients that are not as wanted, or those of the inputs one of whose names is wanted.

    Nothing if the map has no graph.
    """
    if not map.graphs:
        return []
    if wanted is None:
        return _wrong(map, path_label)
    index = index_of(map)
    shown = [entry for entry in index.entries if wanted(names_of(entry))]
    if not shown:
        return [Paragraph(line("No input of the graph has this name."))]
    rows = tuple(_gradient(entry, index, path_label) for entry in shown[:_MOST])
    notes = (f"{len(shown) - _MOST} more inputs have such names.",) if len(shown) > _MOST else ()
    return [without_empty(Table("Gradients", "", _COLUMNS, rows, notes))]


def names_of(entry: Entry) -> list[str]:
    """The names by which a person may ask for an input: the user's, and that of its node."""
    slot = entry.slot
    return list(dict.fromkeys(name for name in (whole_name(slot), slot.label, *slot.tied_to, slot.node) if name))


def _wrong(map: DescriptorMap, path_label: PathLabel) -> list[Block]:
    found = [(finding, text) for finding, text in findings(map) if is_about_gradients(finding.code)]
    if not found:
        if not any(graph.joint for graph in map.graphs):
            return [Paragraph(line(f"The graph is {FORWARD_ONLY}: nothing that the call returns has a gradient."))]
        said = "Every parameter and argument that requires a gradient gets one, and none of them is always zero."
        return [Paragraph(line(said)), Paragraph(line(map_in_words(map)))]
    return [block for finding, text in found for block in _finding(finding, text, path_label)]


def _finding(finding: Finding, text: str, path_label: PathLabel) -> Iterator[Block]:
    where = position(finding.path, finding.line, finding.column, path_label)
    head = line(f"{where}  " if where else "", strong(f"{severity(finding)}[{finding.code}]"), "  ", sentence(text))
    yield Paragraph(head)
    for said, span in related(finding):
        yield Paragraph(line(f"    {position(span.path, span.line, span.column, path_label)}  ", said))


def _gradient(entry: Entry, index: MapIndex, path_label: PathLabel) -> tuple[Cell, ...]:
    slot = entry.slot
    said = marked(gradient_in_words([entry], index)) or "requires no gradient"
    return (Cell(slot.node or NOTHING), Cell(slot.label), Cell(place(slot.definition, path_label)), Cell(said))
