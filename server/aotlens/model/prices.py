"""The price of each output: the part of the backward graph, and of what is saved for it, that its tangent alone needs.

Detaching the output removes exactly that. A part that two outputs need is in neither's price. Prices are read off the
backward graph as it is: with less to compute, the partitioner may save other values than those that remain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aotlens_tracer.wire.descriptor_map import Graph, Operation

_SUM = "aten.add.Tensor"


@dataclass(frozen=True)
class Price:
    """The price of one output.

    `output` and `tangent` are indices of slots, `operations` the names of backward operations, `saved` the nodes that
    are saved for them (`bytes` in all, without aliases). `gradients` are the indices of the outputs for gradients that
    exist because of this output alone.
    """

    output: int
    tangent: int
    operations: tuple[str, ...]
    saved: tuple[str, ...]
    bytes: int
    gradients: tuple[int, ...]


def prices(graph: Graph) -> list[Price]:
    """Return the price of each output that needs a tangent; none if only one does, or backward is unknown."""
    paying = [out for out in graph.outputs if out.tangent is not None]
    if graph.partition is None or graph.partition.returns is None or len(paying) < 2:
        return []
    known = (*graph.operations, *graph.partition.operations)
    backward = [known[index] for index in graph.partition.backward]
    tangents: set[str | None] = {
        slot.node for slot in graph.inputs if slot.tangent_of is not None and slot.node is not None
    }
    returned = {name for name in graph.partition.returns if name is not None}
    whole = _needed(backward, returned, tangents, set())
    found = []
    for out in paying:
        assert out.tangent is not None
        gone = {graph.inputs[out.tangent].node or ""}
        rest = _needed(backward, returned, tangents, gone)
        operations = [operation for operation in backward if operation.name in whole and operation.name not in rest]
        saved = [
            (value.node, value)
            for value in graph.saved or ()
            if value.node is not None and value.node in whole and value.node not in rest
        ]
        slots = graph.outputs[len(graph.outputs) - len(graph.partition.returns) :]
        lost = [slot.index for slot, name in zip(slots, graph.partition.returns) if name in whole and name not in rest]
        found.append(
            Price(
                out.index,
                out.tangent,
                tuple(operation.name for operation in operations),
                tuple(node for node, _ in saved),
                sum(value.bytes or 0 for _, value in saved if value.alias_of is None),
                tuple(lost),
            )
        )
    return found


def _needed(backward: Iterable[Operation], returned: set[str], tangents: set[str | None], gone: set[str]) -> set[str]:
    """Return the nodes that the returned gradients need, operations and inputs, if the tangents in `gone` are zero."""
    depends, without = {name for name in tangents if name is not None}, set(gone)
    operations: dict[str, Operation] = {}
    instead: dict[str, str] = {}
    for operation in backward:
        operations[operation.name] = operation
        incoming = [operand for operand in operation.operands if operand in depends]
        if not incoming:
            continue
        depends.add(operation.name)
        left = [operand for operand in incoming if operand not in without]
        if not left:
            without.add(operation.name)
        elif len(left) < len(incoming) and operation.op == _SUM and operation.forward is None:
            instead[operation.name] = left[0]  # one of two gradients that were added remains
    needed: set[str] = set()
    pending = [name for name in returned if name not in without]
    while pending:
        name = pending.pop()
        if name in instead:
            pending.append(instead[name])
        elif name not in needed:
            needed.add(name)
            if name in operations:
                # A gone operand is zeros for an operation that has other operands, such as `cat`.
                pending += [operand for operand in operations[name].operands if operand not in without]
    return needed
