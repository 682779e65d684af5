"""The values saved for backward by a partitioner of torch's."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import torch

from ..failures import problem_of
from ..graph.operations import Operations
from ..graph.shared_memory import owners
from ..graph.stack_traces import Sources, source_text
from ..graph.tensors import symbol_of, tensor_bytes, tensor_facts
from ..torch_private import JointCapture, configured_memory_budget, partition, storage_key
from ..wire.descriptor_map import Graph, Saved, SavedTotal

_BUDGETS = (1.0, 0.75, 0.5, 0.25, 0.0)
"""The memory budgets that are compared; 1 is the min-cut partitioner as it is."""


def partitioned(
    joint: JointCapture,
    graph: Graph,
    sources: Sources,
    operations: Operations,
    partitioner: str,
    memory_budget: float | None,
) -> Graph:
    """Return the graph with its partition and its saved values, in the order of the forward graph's outputs.

    Changes the joint graph.
    """
    if partitioner == "min-cut" and memory_budget is None:
        memory_budget = configured_memory_budget()
    forward, backward, kept_from = partition(joint, partitioner, memory_budget)
    labels = {slot.node: slot.label for slot in graph.inputs}
    readers = {node.name: tuple(user.name for user in node.users) for node in backward.find_nodes(op="placeholder")}
    saved = []
    for node, descriptor, owner in _kept(forward, kept_from):
        made = _made_by(node, sources)
        frame = sources.frame_of(made if made.op != "placeholder" else node)
        text = source_text(sources.frames[frame].span) if frame is not None else None
        saved.append(
            Saved(
                node.name,
                type(descriptor).__name__,
                tensor_bytes(node.meta.get("val")),
                owner,
                labels.get(made.name) or (text or node.name).removeprefix("self."),
                *tensor_facts(node.meta.get("val")),
                sources.source(frame),
                frame,
                tuple(name for name in readers.get(node.name, ()) if name != "output"),
                operations.module_of(node) if node.op != "placeholder" else None,
                symbol=symbol_of(node.meta.get("val")),
            )
        )
    return replace(
        graph,
        saved=tuple(saved),
        partition=operations.partition(forward, backward),
        frames=tuple(sources.frames),
        partitioner=partitioner,
        memory_budget=memory_budget,
    )


def totals(joint: JointCapture, memory_budget: float | None) -> tuple[SavedTotal, ...]:
    """Return what each partitioner of torch's would keep, the min-cut one at the given memory budget and at others."""
    given = configured_memory_budget() if memory_budget is None else memory_budget
    budgets = sorted({given, *_BUDGETS}, reverse=True)
    choices = [("default", None), *(("min-cut", budget) for budget in budgets)]
    return tuple(_total(joint, *choice) for choice in choices)


def _total(joint: JointCapture, partitioner: str, memory_budget: float | None) -> SavedTotal:
    try:
        forward, backward, kept_from = partition(joint, partitioner, memory_budget, keep=True)
    except Exception as error:
        return SavedTotal(partitioner, memory_budget, problem=problem_of(error))
    own = [node for node, _, owner in _kept(forward, kept_from) if owner is None]
    before = {node.name for node in forward.nodes}
    return SavedTotal(
        partitioner,
        memory_budget,
        sum(tensor_bytes(node.meta.get("val")) or 0 for node in own),
        len(own),
        sum(node.op == "call_function" and node.name in before and _computes(node) for node in backward.nodes),
    )


def _computes(node: torch.fx.Node) -> bool:
    """Whether an operation is neither a view nor an item of what another one has computed."""
    return not getattr(node.target, "is_view", False) and node.target is not operator.getitem


def _kept(forward: torch.fx.Graph, kept_from: int) -> list[tuple[torch.fx.Node, Any, str | None]]:
    """Return each saved output of a forward graph, its descriptor, and the node whose memory it shares, if any."""
    output = forward.output_node()
    returned: Any = output.args[0]
    pairs = list(zip(returned, output.meta.get("desc") or []))[kept_from:]
    nodes = [(node, descriptor) for node, descriptor in pairs if isinstance(node, torch.fx.Node)]
    given: dict[int | None, str] = {}
    for node in forward.find_nodes(op="placeholder"):
        if (key := _storage(node)) is not None:
            given.setdefault(key, node.name)
    shared = [node.name if node.op == "placeholder" else given.get(_storage(node)) for node, _ in nodes]
    own = [None if name else node.meta.get("val") for (node, _), name in zip(nodes, shared)]
    owned = owners([value if isinstance(value, torch.Tensor) else None for value in own])
    return [
        (node, descriptor, shared[index] or (nodes[owned[index]][0].name if owned[index] != index else None))
        for index, (node, descriptor) in enumerate(nodes)
    ]


def _made_by(node: torch.fx.Node, sources: Sources) -> torch.fx.Node:
    """Return the node whose expression computed a value; for a view that a call makes of its argument, the argument's.

    `linear(x)` saves a view of `x`: that is not what `linear(x)` computed.
    """
    place = _place(node, sources)
    is_result = all(_place(user, sources) != place for user in node.users)
    if is_result and node.meta.get("partitioner_tag") != "is_backward":
        return node
    made = node
    while (key := _storage(made)) is not None and _place(made, sources) == place:
        operand = next((operand for operand in made.all_input_nodes if _storage(operand) == key), None)
        if operand is None:
            return node
        made = operand
    return made


def _place(node: torch.fx.Node, sources: Sources) -> tuple[int | None, str]:
    """Return the frame of a node's expression, and the module that called it: a line runs in several modules."""
    modules = node.meta.get("nn_module_stack") or node.meta.get("fwd_nn_module_stack") or {}
    return sources.frame_of(node), next(reversed(list(modules)), "")


def _storage(node: torch.fx.Node) -> int | None:
    value = node.meta.get("val")
    return storage_key(value) if isinstance(value, torch.Tensor) else None
