"""Names of nodes from the user's code, which replace those that torch gives."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aotlens_tracer.wire.descriptor_map import Graph, Operation


def human_names(graph: Graph, operations: Sequence[Operation]) -> dict[str, str]:
    """A name for each input, each returned node and each item of a tuple.

    No two nodes have the same name, and none has the name that torch gave to another node.
    """
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
