"""What the forward graph keeps for the backward graph, from torch's own partitioner."""

from __future__ import annotations

from typing import Any

import torch

from .capture.torch_private import JointCapture, partition, storage_key
from .describe import tensor_facts
from .descriptor_map import Graph, Saved
from .stack_traces import Sources, source_text


def saved_for_backward(joint: JointCapture, graph: Graph, sources: Sources) -> tuple[Saved, ...]:
    """Each value that is saved, in the order of the forward graph's outputs. Changes the joint graph."""
    forward, kept_from = partition(joint)
    output_node = next(node for node in forward.graph.nodes if node.op == "output")
    labels = {slot.node: slot.label for slot in graph.inputs}
    owners: dict[int, str] = {}
    for node in forward.graph.nodes:
        if node.op == "placeholder" and (key := _storage(node)) is not None:
            owners.setdefault(key, node.name)
    saved = []
    descriptors = list(output_node.meta.get("desc") or [])
    for node, descriptor in zip(output_node.args[0][kept_from:], descriptors[kept_from:]):
        if not isinstance(node, torch.fx.Node):
            continue
        key = _storage(node)
        owner = node.name if node.op == "placeholder" else owners.get(key) if key is not None else None
        if key is not None:
            owners.setdefault(key, node.name)
        span = sources.of_node(node) if node.op != "placeholder" else None
        label = labels.get(node.name) or (source_text(span) if span is not None else None) or node.name
        dtype, shape = tensor_facts(node.meta.get("val"))
        kind = type(descriptor).__name__
        saved.append(Saved(node.name, kind, _bytes(node.meta.get("val")), owner, label, dtype, shape, span))
    return tuple(saved)


def _storage(node: torch.fx.Node) -> int | None:
    value = node.meta.get("val")
    return storage_key(value) if isinstance(value, torch.Tensor) else None


def _bytes(value: Any) -> int | None:
    """Elements times element size. A symbolic size counts as torch's hint for it, the example's own."""
    if not isinstance(value, torch.Tensor):
        return None
    count = value.element_size()
    for size in value.shape:
        if isinstance(size, torch.SymInt):
            hint = size.node.hint
            if hint is None:
                return None
            size = hint
        count *= int(size)
    return count
