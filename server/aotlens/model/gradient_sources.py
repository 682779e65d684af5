"""The outputs that a gradient comes from: only a loss that uses one of them gives it to the parameter."""

from __future__ import annotations

from .gradients import Tied, returned_in
from .index import MapIndex
from .slots import Entry, Result


def sources(entry: Entry, index: MapIndex) -> tuple[Result, ...]:
    """Return the outputs whose tangents the gradient of an input is computed from, in the order of the graph.

    Empty if the input has no gradient, or if the graph does not say.
    """
    graph = entry.graph
    operands = index.once(("operands", id(graph)), lambda: {one.name: one.operands for one in graph.operations})
    tangents = {slot.node: slot.tangent_of for slot in graph.inputs if slot.tangent_of is not None}
    gradient = index.gradient(entry)
    outputs = gradient.outputs if isinstance(gradient, Tied) else returned_in(gradient)
    pending = [graph.outputs[number].node for number in outputs]
    seen: set[str | None] = set()
    found: set[int] = set()
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in tangents:
            found.add(tangents[node])
        pending += operands.get(node or "", ())
    return tuple(Result(graph, graph.outputs[number]) for number in sorted(found))


def with_tangent(entry: Entry) -> int:
    """Return the number of outputs of an input's graph that have a tangent."""
    return sum(output.tangent is not None for output in entry.graph.outputs)
