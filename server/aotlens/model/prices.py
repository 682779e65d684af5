"""The price of each output: what of the backward graph, and of what is kept for it, is there for its tangent alone.

That is what goes if the output is detached. What other outputs need too stays, and counts for none of them. Read off
the backward graph as it is: with less to compute, the partitioner may choose to keep other values than those that
remain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aotlens.explain.shapes import bytes_in_words
from aotlens_tracer.wire.descriptor_map import Graph, Operation

_SUM = "aten.add.Tensor"


@dataclass(frozen=True)
class Price:
    """What one output costs.

    `output` and `tangent` are indices of slots, `operations` the names of backward operations, `saved` nodes that are
    kept for them (in all `bytes`, aliases apart), `gradients` the indices of gradients that would be none.
    """

    output: int
    tangent: int
    operations: tuple[str, ...]
    saved: tuple[str, ...]
    bytes: int
    gradients: tuple[int, ...]


def prices(graph: Graph) -> list[Price]:
    """The price of each output that needs a tangent; none where it is the only one, or nothing is known of backward."""
    paying = [out for out in graph.outputs if out.tangent is not None]
    if graph.partition is None or graph.partition.returns is None or len(paying) < 2:
        return []
    known = (*graph.operations, *graph.partition.operations)
    backward = [known[index] for index in graph.partition.backward]
    tangents = {slot.node for slot in graph.inputs if slot.tangent_of is not None and slot.node is not None}
    returned = {name for name in graph.partition.returns if name is not None}
    whole = _needed(backward, returned, tangents, set())
    found = []
    for out in paying:
        assert out.tangent is not None
        gone = {graph.inputs[out.tangent].node or ""}
        rest = _needed(backward, returned, tangents, gone)
        operations = [operation for operation in backward if operation.name in whole and operation.name not in rest]
        saved = [value for value in graph.saved or () if value.node in whole and value.node not in rest]
        slots = graph.outputs[len(graph.outputs) - len(graph.partition.returns) :]
        lost = [slot.index for slot, name in zip(slots, graph.partition.returns) if name in whole and name not in rest]
        found.append(
            Price(
                out.index,
                out.tangent,
                tuple(operation.name for operation in operations),
                tuple(value.node for value in saved),
                sum(value.bytes or 0 for value in saved if value.alias_of is None),
                tuple(lost),
            )
        )
    return found


def _needed(backward: Iterable[Operation], returned: set[str], tangents: set[str | None], gone: set[str]) -> set[str]:
    """What the gradients need, operations and what comes in, where some tangents are gone."""
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
            instead[operation.name] = left[0]  # of two gradients to be added one is left
    needed: set[str] = set()
    pending = [name for name in returned if name not in without]
    while pending:
        name = pending.pop()
        if name in instead:
            pending.append(instead[name])
        elif name not in needed:
            needed.add(name)
            if name in operations:
                # What is gone is zeros for an operation that has others: one gradient among those that `cat` joins.
                pending += [operand for operand in operations[name].operands if operand not in without]
    return needed


def in_words(price: Price) -> str:
    """`14 backward operations and 2.0 KiB saved for backward`."""
    number = len(price.operations)
    text = f"{number} backward operation{'s' if number != 1 else ''}"
    return f"{text} and {bytes_in_words(price.bytes)} saved for backward" if price.bytes else text
