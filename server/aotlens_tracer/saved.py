"""What the forward graph keeps for the backward graph, from torch's own partitioner."""

from __future__ import annotations

from dataclasses import replace

import torch

from .capture.torch_private import JointCapture, partition, storage_key
from .descriptor_map import Graph, Saved
from .operations import Operations
from .stack_traces import Sources, source_text
from .tensors import tensor_bytes, tensor_facts


def partitioned(joint: JointCapture, graph: Graph, sources: Sources, operations: Operations) -> Graph:
    """The graph with its partition, and with each value that is saved, in the order of the forward graph's outputs.

    Changes the joint graph.
    """
    forward, backward, kept_from = partition(joint)
    output_node = forward.output_node()
    labels = {slot.node: slot.label for slot in graph.inputs}
    owners: dict[int, str] = {}
    for node in forward.nodes:
        if node.op == "placeholder" and (key := _storage(node)) is not None:
            owners.setdefault(key, node.name)
    readers = {node.name: tuple(user.name for user in node.users) for node in backward.find_nodes(op="placeholder")}
    saved = []
    descriptors = list(output_node.meta.get("desc") or [])
    for node, descriptor in zip(output_node.args[0][kept_from:], descriptors[kept_from:]):
        if not isinstance(node, torch.fx.Node):
            continue
        key = _storage(node)
        owner = node.name if node.op == "placeholder" else owners.get(key) if key is not None else None
        if key is not None:
            owners.setdefault(key, node.name)
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
            )
        )
    made_of = operations.partition(forward, backward)
    return replace(graph, saved=tuple(saved), partition=made_of, frames=tuple(sources.frames))


def _made_by(node: torch.fx.Node, sources: Sources) -> torch.fx.Node:
    """The node whose expression computed a value: of a view that a call makes of its argument, the argument's.

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
    """The expression of a node, and the call of it: a line runs in several modules."""
    modules = node.meta.get("nn_module_stack") or node.meta.get("fwd_nn_module_stack") or {}
    return sources.frame_of(node), next(reversed(list(modules)), "")


def _storage(node: torch.fx.Node) -> int | None:
    value = node.meta.get("val")
    return storage_key(value) if isinstance(value, torch.Tensor) else None
