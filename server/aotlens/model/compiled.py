"""The graphs that torch.compile runs, as parts of the user's code: the lines of each."""

from __future__ import annotations

from aotlens_tracer.wire.descriptor_map import Graph, Span, StackFrame


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
