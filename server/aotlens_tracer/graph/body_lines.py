"""The lines of bodies that AOTAutograd traced anew: the step of a `scan`, a `score_mod` that reads parameters.

Their operations have the line of the call alone. Dynamo's graph of the same body has the user's lines; its operators
are found by running it once more.
"""

from __future__ import annotations

from typing import Any

import torch

from ..torch_private import operators_of_body, pytree
from .body_calls import Run, body_of, runs_of


class DynamoBodies:
    """The bodies of Dynamo's graph as graphs of operators, with lines; without a graph there are none."""

    def __init__(self, graph_module: torch.fx.GraphModule | None) -> None:
        self._nodes = {node.name: node for node in graph_module.graph.nodes} if graph_module is not None else {}
        self._known: dict[torch.fx.GraphModule, torch.fx.Graph | None] = {}

    def same_values(self, call: torch.fx.Node, run: Run) -> dict[torch.fx.Node, torch.fx.Node]:
        """Return the node of Dynamo's body, with its line, that computes the same as each node of a body; if known.

        `call` runs the body as `run` says.
        """
        body, theirs = body_of(run.body), self._graph(call, run.role)
        if body is None or theirs is None:
            return {}
        numbers: dict[object, int] = {}
        made = {value: node for node, value in reversed(_values(theirs, numbers).items())}
        return {node: made[value] for node, value in _values(body.graph, numbers).items() if value in made}

    def _graph(self, call: torch.fx.Node, role: str) -> torch.fx.Graph | None:
        came_from = call.meta.get("from_node") or [None]
        theirs = self._nodes.get(getattr(came_from[-1], "name", ""))
        run = next((run for run in runs_of(theirs) if run.role == role), None) if theirs is not None else None
        body = body_of(run.body) if run is not None else None
        if body is None:
            return None
        if body not in self._known:
            self._known[body] = operators_of_body(body, is_of_attention=role.endswith("-mod"))
        return self._known[body]


def _values(graph: torch.fx.Graph, numbers: dict[object, int]) -> dict[torch.fx.Node, int]:
    """Return a number for each operation: equal ones mean equal operators with equal operands, inputs by position."""
    found: dict[torch.fx.Node, int] = {}
    placeholders = 0

    def number(*key: object) -> int:
        return numbers.setdefault(key, len(numbers))

    def numbered(leaf: Any) -> Any:
        return ("operand", found[leaf]) if isinstance(leaf, torch.fx.Node) else leaf

    for node in graph.nodes:
        if node.op == "placeholder":
            found[node] = number("input", placeholders)
            placeholders += 1
        elif node.op == "call_function":
            found[node] = number(str(node.target), repr(pytree.tree_map(numbered, ((*node.args,), {**node.kwargs}))))
        else:
            found[node] = number(node.op, id(node))
    return {node: value for node, value in found.items() if node.op == "call_function"}
