"""The gradients that later graphs of a call hand in as tangents, where AOTAutograd had to assume what they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from ..torch_private import CompiledGraph, SubclassMetadata, pytree
from ..wire.descriptor_map import Expected, Graph, Subclass
from .descriptors import piece_path
from .gradient_history import GradientHistory
from .placements import transfers


def with_handed_tangents(graphs: Sequence[Graph], made: Sequence[CompiledGraph], result: Any) -> tuple[Graph, ...]:
    """Return the graphs of torch.compile's call; their outputs that are subclasses have what is handed in for them.

    `made` are the same graphs as they ran, and `result` is the result of the call.
    """
    history = GradientHistory.of(pytree.tree_leaves(result)) if len(graphs) > 1 else None
    if history is None or not any(graph.subclasses for graph in graphs):
        return tuple(graphs)
    call = _Call(graphs, made, history)
    return tuple(call.described(number) for number in range(len(graphs)))


class _Call:
    def __init__(self, graphs: Sequence[Graph], made: Sequence[CompiledGraph], history: GradientHistory) -> None:
        self._graphs = graphs
        self._made = made
        self._history = history
        self._noted = [SubclassMetadata.of(graph.joint) for graph in made]

    def described(self, number: int) -> Graph:
        graph = self._graphs[number]
        runs = self._made[number].runs
        is_run_back = len(runs) == 1 and any(
            isinstance(value, torch.Tensor) and self._history.has(value) for value in runs[0].outputs
        )
        if not is_run_back:  # a graph that runs for several modules is handed several gradients
            return graph
        found = (
            dataclasses.replace(whole, handed=self._handed(number, whole)) if _is_assumed(graph, whole) else whole
            for whole in graph.subclasses
        )
        return dataclasses.replace(graph, subclasses=tuple(found))

    def _handed(self, number: int, whole: Subclass) -> tuple[Expected, ...] | None:
        graph = self._graphs[number]
        descriptor = graph.outputs[whole.outputs[0]].as_descriptor()
        assert descriptor is not None
        root, _ = piece_path(descriptor)
        outputs = self._made[number].runs[0].outputs
        index = root.fields.get("idx")
        value = outputs[index] if isinstance(index, int) and index < len(outputs) else None
        if not isinstance(value, torch.Tensor) or value.grad_fn is None:
            return None
        if not self._history.has(value):
            return ()
        tangent = self._noted[number].tangents.get(f"TangentAOTInput(output={root.descriptor})")
        given: list[Expected] = []
        for later in range(number + 1, len(self._graphs)):
            for taken in self._graphs[later].subclasses:
                if taken.gradient is None or not self._is_taken(taken, later, number, whole):
                    continue
                if len(self._made[later].runs) != 1:
                    return None
                gradient = self._noted[later].gradients.get(taken.descriptor or "")
                price = (
                    transfers(gradient.value, tangent.value) if gradient is not None and tangent is not None else None
                )
                given.append(dataclasses.replace(taken.gradient, transfers=price))
        return tuple(given) or None  # without one, code between the graphs uses it

    def _is_taken(self, taken: Subclass, later: int, number: int, whole: Subclass) -> bool:
        """Whether an input of a later graph is an output of graph `number`."""
        dynamo = self._graphs[later].inputs[taken.inputs[0]].dynamo if taken.inputs else None
        made_by = dynamo.made_by if dynamo is not None else None
        return made_by is not None and made_by[0] == number and made_by[1] in whole.outputs


def _is_assumed(graph: Graph, whole: Subclass) -> bool:
    """Whether AOTAutograd assumed the tangent of an output that the call does not return."""
    return whole.tangent is not None and all(graph.outputs[index].is_internal for index in whole.outputs)
