"""The price of each output: the part of the backward graph, and of what is saved for it, that its tangent alone needs.

Detaching the output removes exactly that. A part that two outputs need is in neither's price. Prices are read off the
backward graph as it is: with less to compute, the partitioner may save other values than those that remain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aotlens_tracer.wire.descriptor_map import Graph, Operation, Saved

_SUM = "aten.add.Tensor"


@dataclass(frozen=True)
class Price:
    """The price of one output.

    `output` and `tangent` are indices of slots; for a tensor subclass those of its first piece that has a tangent, and
    `pieces` has the outputs of all of them. `label` is the user's name for the output. `operations` are the names of
    backward operations, `saved` the nodes that are saved for them, and `bytes` the memory that is free without these.
    `gradients` are the indices of the outputs for gradients that exist because of this output alone.
    """

    output: int
    tangent: int
    operations: tuple[str, ...]
    saved: tuple[str, ...]
    bytes: int
    gradients: tuple[int, ...]
    label: str
    pieces: tuple[int, ...] = ()


def prices(graph: Graph) -> list[Price]:
    """Return the price of each output that needs a tangent; none if only one does, or backward is unknown."""
    paying = list(_paying(graph))
    if graph.partition is None or graph.partition.returns is None or len(paying) < 2:
        return []
    known = (*graph.operations, *graph.partition.operations)
    backward = [known[index] for index in graph.partition.backward]
    tangents = {slot.node for slot in graph.inputs if slot.tangent_of is not None and slot.node is not None}
    returned = {name for name in graph.partition.returns if name is not None}
    whole = _rest(backward, returned, tangents, set())
    slots = graph.outputs[len(graph.outputs) - len(graph.partition.returns) :]
    found = []
    for output in paying:
        rest = _rest(backward, returned, tangents, {graph.inputs[tangent].node or "" for tangent in output.tangents})
        gone = whole.needed - rest.needed
        saved = graph.saved or ()
        found.append(
            Price(
                output.slots[0],
                output.tangents[0],
                tuple(operation.name for operation in backward if operation.name in gone),
                tuple(value.node for value in saved if value.node is not None and value.node in gone),
                _freed(saved, gone),
                tuple(slot.index for slot, name in zip(slots, graph.partition.returns) if name in rest.zero),
                output.label,
                output.slots if output.is_subclass else (),
            )
        )
    return found


class _Paying(NamedTuple):
    """An output that needs a tangent: its slots that have one, and these tangents. Only a subclass has several."""

    label: str
    slots: tuple[int, ...]
    tangents: tuple[int, ...]
    is_subclass: bool


def _paying(graph: Graph) -> Iterator[_Paying]:
    """Yield the outputs that need a tangent, a tensor subclass as one: nobody can detach a piece of it."""
    wholes = {index: subclass for subclass in graph.subclasses for index in subclass.outputs}
    for out in graph.outputs:
        whole = wholes.get(out.index)
        pieces = [graph.outputs[index] for index in whole.outputs] if whole is not None else [out]
        having = {piece.index: piece.tangent for piece in pieces if piece.tangent is not None}
        if next(iter(having), None) == out.index:
            label = whole.label if whole is not None else out.label
            yield _Paying(label, tuple(having), tuple(having.values()), whole is not None)


def _freed(saved: Sequence[Saved], gone: set[str]) -> int:
    """Return the bytes that are free if some saved nodes are: memory stays as long as one of its views is saved."""
    kept: dict[str | None, int] = {}
    for value in saved:
        if value.node not in gone:
            owner = value.alias_of or value.node
            kept[owner] = max(kept.get(owner, 0), value.bytes or 0)
    freed = [value for value in saved if value.node in gone and value.alias_of is None]
    return sum(max((value.bytes or 0) - kept.get(value.node, 0), 0) for value in freed)


class _Rest(NamedTuple):
    """The backward graph if some tangents are zero: what the returned gradients need, and the gradients that are zero.

    A sum of which one term is left is not needed: it is that term.
    """

    needed: set[str]
    zero: set[str]


def _rest(backward: Sequence[Operation], returned: set[str], tangents: set[str], gone: set[str]) -> _Rest:
    """Return what is left of the backward graph if the tangents in `gone` are zero."""
    operations = {operation.name: operation for operation in backward}
    incoming = _incoming(backward, tangents)
    zero, instead = _zeros(backward, incoming, gone)
    needed: set[str] = set()
    pending = [name for name in returned if name not in zero]
    while pending:
        name = pending.pop()
        if name in instead:
            pending.append(instead[name])
        elif name not in needed:
            needed.add(name)
            if name in operations:
                # A gone operand is zeros for an operation that has other operands, such as `cat`.
                pending += [operand for operand in operations[name].operands if operand not in zero]
    return _Rest(needed, zero)


def _incoming(backward: Sequence[Operation], tangents: set[str]) -> dict[str, list[str]]:
    """Return the operations that a tangent reaches, each with those of its operands that one reaches."""
    found: dict[str, list[str]] = {}
    for operation in backward:
        if reached := [operand for operand in operation.operands if operand in found or operand in tangents]:
            found[operation.name] = reached
    return found


def _zeros(
    backward: Sequence[Operation], incoming: dict[str, list[str]], gone: set[str]
) -> tuple[set[str], dict[str, str]]:
    """Return the gradients that are zero, the given ones among them, and what is left of each sum that loses a term.

    Autograd gives a custom function zeros for a missing gradient, and runs all of its `backward`, if another is there.
    """
    custom = _custom(backward, incoming)
    runs: set[str] = set()
    while True:
        zero, instead = set(gone), {}
        for operation in backward:
            name, reached = operation.name, incoming.get(operation.name, ())
            left = [operand for operand in reached if operand not in zero]
            if name in runs or len(left) == len(reached):
                continue
            if not left:
                zero.add(name)
            elif operation.op == _SUM and name not in custom:
                instead[name] = left[0]
        more = {name for name, group in custom.items() if not group <= zero} - runs
        if not more:
            return zero, instead
        runs |= more


def _custom(backward: Sequence[Operation], incoming: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return the operations in the `backward` of custom functions, each with all of its function.

    Functions that follow each other directly are taken for one.
    """
    found: dict[str, set[str]] = {}
    for operation in backward:
        if operation.name in incoming and (operation.is_custom or not operation.backward):
            group = {operation.name}.union(*(found.get(operand, ()) for operand in incoming[operation.name]))
            found.update(dict.fromkeys(group, group))
    return found
