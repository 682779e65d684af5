"""The facts of the graphs of a map: their tables, each input and output, and which of them belong together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotlens.explain.gradients import gradient_in_words, meaning_of
from aotlens.explain.graph_breaks import advice, break_in_words
from aotlens.explain.graph_summary import graph_facts
from aotlens.explain.paths import position
from aotlens.explain.report import GraphPart, graph_parts
from aotlens.explain.shapes import slot_in_brief
from aotlens.explain.tables.graph import tables
from aotlens.explain.tables.inputs import input_rows
from aotlens.explain.tables.outputs import output_rows
from aotlens.explain.tables.rows import absence, role_of
from aotlens.model.folding import Folded
from aotlens.model.gradients import is_missing, returned_in
from aotlens.model.index import MapIndex, index_of
from aotlens.model.slots import Entry, Result, made_at
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, GraphBreak, Input, Output, Slot

from .blocks import Data, line_data, sentence_data, table_data
from .places import Places

_LACKS = ("missing", "graph-only")
"""The absences of a gradient that deserve a look."""


def graphs_data(map: DescriptorMap, places: Places) -> list[Data]:
    """Each graph with its heading and the graph breaks before it."""
    return [_graph(part, index_of(map), places) for part in graph_parts(map)]


def break_data(item: GraphBreak, places: Places) -> Data:
    """A place where the capture could not go on."""
    return {
        "where": position(item.path, item.line, None, places.path_label),
        "place": places.of_line(item.path, item.line),
        "text": sentence_data(break_in_words(item)),
        "advice": [[heading, sentence_data(text)] for heading, text in advice(item)],
    }


def _graph(part: GraphPart, index: MapIndex, places: Places) -> Data:
    graph = part.graph
    folded = tables(index, graph, places.path_label)
    return {
        "heading": part.heading,
        "breaks": [break_data(item, places) for item in part.breaks],
        "facts": [sentence_data(fact) for fact in graph_facts(graph, index)],
        "inputs": [_input(Entry(graph, slot), index, places) for slot in graph.inputs],
        "outputs": [_output(Result(graph, slot), index, places) for slot in graph.outputs],
        "links": sorted(set(_links(graph, index))),
        "rows": {
            "inputs": _rows(input_rows(index, graph, places.path_label, False)),
            "outputs": _rows(output_rows(index, graph, places.path_label, False)),
        },
        "tables": [table_data(table, places) for table in folded],
    }


def _rows(rows: Sequence[Folded[Input]] | Sequence[Folded[Output]]) -> list[Data]:
    """The label of each row, and the slots that it stands for."""
    return [[row.label, [slot.index for slot in row.rows]] for row in rows]


def _input(entry: Entry, index: MapIndex, places: Places) -> Data:
    gradient = index.gradient(entry)
    return _slot(entry, index, places) | {
        "place": places.number(made_at(entry.slot)),
        "gradient": line_data(gradient_in_words([entry], index), places),
        "concern": is_missing(gradient),
        "reads": [places.number(span) for span in entry.slot.reads],
    }


def _output(result: Result, index: MapIndex, places: Places) -> Data:
    return _slot(result, index, places) | {
        "place": places.number(result.slot.source),
        "concern": absence(result.slot, index, result.graph) in _LACKS,
    }


def _slot(item: Entry | Result, index: MapIndex, places: Places) -> dict[str, Data]:
    slot: Slot = item.slot
    return {
        "index": slot.index,
        "node": slot.node,
        "label": " ".join(slot.label.split()),
        "role": role_of(slot),
        "type": slot_in_brief(slot, item.graph),
        "descriptor": slot.descriptor,
        "expression": slot.expression,
        "meaning": sentence_data(meaning_of(item, index)),
    }


def _links(graph: Graph, index: MapIndex) -> Iterator[tuple[int, int, str]]:
    """Each pair of an input and an output that belong together, with the reason, such as `gradient` or `tangent`."""
    for slot in graph.inputs:
        gradient = index.gradients(graph)[slot.index]
        yield from ((slot.index, output, "gradient") for output in returned_in(gradient))
        for reason, output in (("mutation", slot.mutation), ("tangent", slot.tangent_of), ("token", slot.token)):
            if output is not None:
                yield slot.index, output, reason
    for out in graph.outputs:
        if out.alias_of is not None:
            yield out.alias_of, out.index, "alias"
