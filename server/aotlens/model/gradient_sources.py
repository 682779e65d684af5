"""The outputs that a gradient comes from: only a loss that uses one of them gives it to the parameter."""

from __future__ import annotations

from aotlens_tracer.wire.descriptor_map import Graph, Output

from .gradients import Tied, returned_in
from .index import MapIndex
from .slots import Entry, Result, whole_name
from .subclasses import piece_at


def sources(entry: Entry, index: MapIndex) -> tuple[Result, ...]:
    """Return the outputs whose tangents the gradient of an input is computed from, in the order of the graph.

    The pieces of a tensor subclass are one input, and one output: its first slot that has a tangent. Empty if the input
    has no gradient, or if the graph does not say.
    """
    graph = entry.graph
    operands = index.once(("operands", id(graph)), lambda: {one.name: one.operands for one in graph.operations})
    tangents = {slot.node: slot.tangent_of for slot in graph.inputs if slot.tangent_of is not None}
    found_piece = piece_at(entry.slot, graph)
    pieces = found_piece.whole.inputs if found_piece is not None else (entry.slot.index,)
    gradients = [index.gradients(graph)[number] for number in pieces]
    outputs = [each.outputs if isinstance(each, Tied) else returned_in(each) for each in gradients]
    pending = [graph.outputs[number].node for numbers in outputs for number in numbers]
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
    firsts = {name: slots[0] for name, slots in _with_tangent(graph).items() if any(s.index in found for s in slots)}
    return tuple(Result(graph, slot) for slot in firsts.values())


def with_tangent(entry: Entry) -> int:
    """Return the number of outputs of an input's graph that have a tangent; a tensor subclass is one."""
    return len(_with_tangent(entry.graph))


def _with_tangent(graph: Graph) -> dict[str, list[Output]]:
    """Return the slots that have a tangent, by the name of the output that each is, or is a piece of."""
    found: dict[str, list[Output]] = {}
    for out in graph.outputs:
        if out.tangent is not None:
            found.setdefault(whole_name(out), []).append(out)
    return found
