"""The parts of a report about a map, apart from its tables: facts about the trace, findings, and a legend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from aotlens.model.compiled import breaks_before
from aotlens.model.failure_findings import FAILURE_CODES
from aotlens.model.folding import Folded
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Finding, Graph, GraphBreak
from aotlens_tracer.wire.input_roles import whole_label

from .blocks import Table
from .compiled import headings
from .eager import not_compared_in_words, seconds_in_words
from .findings.about import listed_names, name_of
from .findings.kind import Severity
from .findings.words import fold_findings, message, severity
from .graph_summary import map_in_words
from .kernels import AUTOCAST
from .paths import PathLabel
from .tables.kept import kept_table
from .whose import alone_in_words
from .words import USUAL, legend, title

_USUALLY_SAVED = ("SavedForBackwardsAOTOutput", "SavedTensor")
"""The kinds of saved values that need no legend."""


def facts(descriptor_map: DescriptorMap) -> list[str]:
    """The way the map was made, in a few words each: convention, capture, mode, version of torch, time."""
    result = ["torch.compile convention" if descriptor_map.convention == "compile" else "export convention"]
    if (whose := alone_in_words(descriptor_map)) is not None:
        result.append(whose)
    captures = list(dict.fromkeys(graph.capture for graph in descriptor_map.graphs))
    if captures:
        result.append(
            "captured " + " and ".join({"dynamo": "by Dynamo", "direct": "directly"}.get(c, c) for c in captures)
        )
    if descriptor_map.graphs and not any(graph.joint for graph in descriptor_map.graphs):
        result.append("forward only")
    if descriptor_map.example is not None and descriptor_map.example.mode:
        result.append(f"{descriptor_map.example.mode} mode")
    if descriptor_map.autocast_of_cuda:
        result.append(AUTOCAST)
    if descriptor_map.torch:
        result.append(f"torch {descriptor_map.torch}")
    if descriptor_map.seconds.total:
        result.append(seconds_in_words(descriptor_map))
    if (words := not_compared_in_words(descriptor_map)) is not None:
        result.append(words)
    return result


def totals(descriptor_map: DescriptorMap) -> str:
    """The numbers of several graphs together: `3 graphs · 14 inputs · 6 gradients`; empty for one graph."""
    return map_in_words(descriptor_map) if len(descriptor_map.graphs) > 1 else ""


def legends(descriptor_map: DescriptorMap) -> list[tuple[str, str]]:
    """The role of each unusual kind of slot or saved value that occurs, and a sentence that explains it."""
    kinds: list[str] = []
    for graph in descriptor_map.graphs:
        kinds += [slot.kind for slot in (*graph.inputs, *graph.outputs) if slot.kind]
        # The table names its rows as saved values already, so that only the variant needs an explanation.
        kinds += [value.kind for value in graph.saved or () if value.kind not in _USUALLY_SAVED]
    result: dict[str, str] = {}
    for kind in dict.fromkeys(kinds):
        if kind not in USUAL:
            # One sentence explains the pieces of parameters, gradients and all others.
            result.setdefault(legend(kind), title(kind))
    return [(named, sentence) for sentence, named in result.items()]


def shown_findings(descriptor_map: DescriptorMap) -> list[Finding]:
    """The findings, except those that repeat the failure or a graph break, which a report shows elsewhere."""
    repeated = (*FAILURE_CODES, "graph-break")
    return [finding for finding in descriptor_map.findings if finding.code not in repeated]


def findings(descriptor_map: DescriptorMap, full: bool = False) -> list[tuple[Finding, str]]:
    """Each shown finding with its message; without `full`, one for all layers alike."""
    shown = shown_findings(descriptor_map)
    if full:
        return [(finding, message(finding)) for finding in shown]
    return [(row.first, row.label + _times(row, descriptor_map)) for row in fold_findings(shown)]


def findings_in_brief(descriptor_map: DescriptorMap) -> str:
    """The number of findings of each severity, the gravest first: `2 warnings, 1 hint`; empty if there are none.

    A finding that repeats the failure does not count.
    """
    rows = fold_findings(one for one in descriptor_map.findings if one.code not in FAILURE_CODES)
    counts = Counter(severity(row.first) for row in rows)
    plural = {"error": "errors", "warning": "warnings", "hint": "hints"}
    found = [(counts[one], one) for one in get_args(Severity) if counts[one]]
    return ", ".join(f"{count} {plural.get(one, one) if count > 1 else one}" for count, one in found)


def _times(row: Folded[Finding], descriptor_map: DescriptorMap) -> str:
    """The number of things that a row is about, ` (×8)`; empty if each of them can be read in the row.

    A tied parameter is one thing, whatever the number of its names.
    """
    tied = {whole_label(slot): slot.tied_to for graph in descriptor_map.graphs for slot in graph.inputs if slot.tied_to}
    names = {name for finding in row.rows if (name := name_of(finding)) is not None}
    count = len({frozenset((name, *tied.get(name, ()))) for name in names}) if names else row.count
    is_plain = all(".." not in text and text.count("{") < 2 for text in listed_names(row.rows))
    return f" (×{count})" if count > 1 and not (names and is_plain) else ""


def kept_state(descriptor_map: DescriptorMap, path_label: PathLabel, full: bool = False) -> list[Table]:
    """The table of the state that the call keeps; none if it keeps nothing, or if that is unknown."""
    run = descriptor_map.eager_run
    return kept_table(run.kept, path_label, full) if run is not None else []


@dataclass(frozen=True)
class GraphPart:
    """A graph of a report: its heading, empty for the only graph of an export; and the graph breaks before it."""

    graph: Graph
    heading: str
    breaks: Sequence[GraphBreak]


def graph_parts(descriptor_map: DescriptorMap) -> list[GraphPart]:
    """The graphs of a map in the order of the report."""
    before = breaks_before(descriptor_map)
    texts = headings(descriptor_map.graphs)
    return [
        GraphPart(graph, text[:1].upper() + text[1:], before.get(number, ()))
        for number, (graph, text) in enumerate(zip(descriptor_map.graphs, texts, strict=True))
    ]


def uncaptured(descriptor_map: DescriptorMap) -> list[tuple[str, list[GraphBreak]]]:
    """The places where the capture could not go on, by who gives up there, each group with its heading.

    Those between two graphs are left out: they are shown there.
    """
    shown = [each for breaks in breaks_before(descriptor_map).values() for each in breaks]
    groups: dict[str, list[GraphBreak]] = {}
    for item in descriptor_map.graph_breaks:
        if item in shown:
            continue
        heading = "Refused by AOTAutograd" if item.by == "aotautograd" else "Graph breaks"
        groups.setdefault(heading, []).append(item)
    return list(groups.items())
