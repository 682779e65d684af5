"""Names of nodes from the user's code, which replace those that torch gives."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aotlens_tracer.wire.bodies import Argument, Bodies, node_in
from aotlens_tracer.wire.descriptor_map import Body, Graph, Operation


def human_names(graph: Graph, operations: Sequence[Operation], bodies: Bodies) -> dict[str, str]:
    """A name for each input, each returned node and each item of a tuple, and for those of bodies.

    No two nodes of a graph or a body have the same name, and none has the name that torch gave to another node there.
    """
    found = _of_graph(graph, operations)
    for body in bodies.by_name.values():
        found |= _of_body(body, bodies, found)
    return found


def _of_graph(graph: Graph, operations: Sequence[Operation]) -> dict[str, str]:
    taken = {operation.name for operation in operations} | {slot.node for slot in graph.inputs if slot.node}
    found: dict[str, str] = {}

    def give(node: str | None, label: str) -> None:
        if node is None or node in found:
            return
        plain = re.sub(r"\W+", "_", label).strip("_") or node
        name, number = plain if not plain[0].isdigit() else f"_{plain}", 1
        while name in taken and name != node:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        found[node] = name

    for slot in graph.inputs:
        give(slot.node, slot.label)
    inputs = set(found)
    for out in graph.outputs:
        if out.node not in inputs:
            give(out.node, out.label)
    for operation in operations:
        if operation.op == "getitem" and operation.operands:
            index = operation.arguments.rpartition(", ")[2]
            give(operation.name, f"{found.get(operation.operands[0], operation.operands[0])}_{index}")
    return found


def _of_body(body: Body, bodies: Bodies, around: dict[str, str]) -> dict[str, str]:
    taken = {operation.name for operation in body.operations} | {slot.node for slot in body.inputs}
    found: dict[str, str] = {}
    for slot in body.inputs:
        argument = bodies.arguments[node_in(body.name, slot.node)]
        plain = _of_argument(argument, around)
        if plain is not None:
            name, number = plain, 1
            while name in taken:
                number += 1
                name = f"{plain}_{number}"
            taken.add(name)
            found[argument.node] = name
    for operation in body.operations:
        if operation.op == "getitem" and operation.operands:
            name = f"{operation.operands[0]}_{operation.arguments.rpartition(', ')[2]}"
            if name.isidentifier() and name not in taken:
                taken.add(name)
                found[node_in(body.name, operation.name)] = name
    return found


def _of_argument(argument: Argument, around: dict[str, str]) -> str | None:
    """The name of the value that an input stands for; None if there is no single one."""
    if argument.input.passed == "made":
        return argument.input.name
    if argument.operand is None:
        return None
    outer = around.get(argument.operand, argument.operand.rpartition(".")[2])
    return {"value": outer, "element": f"{outer}_item", "carry": "carry"}.get(argument.input.passed)
