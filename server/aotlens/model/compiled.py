"""The graphs that torch.compile runs, as parts of the user's code: the lines of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, GraphBreak, Saved, Span, StackFrame


def lines_run(graph: Graph) -> Span | None:
    """The lines of the compiled function whose forward operations are in a graph, as one span without columns.

    None if the graph is not torch.compile's, or none of its operations has a place.
    """
    if graph.compiled is None:
        return None
    spans = [span for span in _outermost(graph) if graph.compiled.span is None or span.path == graph.compiled.span.path]
    if not spans:
        return None
    last = max(span.end_line or span.line for span in spans)
    return Span(spans[0].path, min(span.line for span in spans), None, last)


def saved_in_runs(graph: Graph) -> list[Saved]:
    """The values that a graph saves, each as often as the call runs the graph."""
    saved = list(graph.saved or ())
    again = graph.compiled.runs - 1 if graph.compiled is not None else 0
    return saved + [replace(value) for _ in range(again) for value in saved]


def breaks_before(map: DescriptorMap) -> dict[int, list[GraphBreak]]:
    """The graph breaks by the number of the graph that goes on after them. Others are left out."""
    found: dict[int, list[GraphBreak]] = {}
    for each in map.graph_breaks:
        for number, graph in enumerate(map.graphs):
            compiled = graph.compiled
            if compiled is None or compiled.resumes_at is None or compiled.resumes_at != each.line:
                continue
            if compiled.span is None or compiled.span.path == each.path:
                found.setdefault(number, []).append(each)
                break
    return found


def _outermost(graph: Graph) -> list[Span]:
    """The outermost frame of each call chain: Dynamo begins the chains at the function that it compiles."""
    outermost: dict[int, StackFrame] = {}

    def find(number: int) -> StackFrame:
        if number not in outermost:
            frame = graph.frames[number]
            outermost[number] = frame if frame.caller is None else find(frame.caller)
        return outermost[number]

    numbers = {one.frame for one in graph.operations if one.frame is not None and not one.backward}
    return list(dict.fromkeys(find(number).span for number in numbers))


def breaks_at(map: DescriptorMap, path: str, lines: Sequence[int]) -> list[GraphBreak]:
    """The graph breaks on these lines of a file."""
    return [each for each in map.graph_breaks if each.path == path and each.line in lines]
