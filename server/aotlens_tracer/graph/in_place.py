"""The expressions that change an input in place.

AOTAutograd's graph has no operation left that changes anything: it only knows the new value. Dynamo's graph has them
all. To see what an operation writes to, it is run once: each tensor counts the writes to it in its version.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from ..torch_private import JointCapture
from ..wire.descriptor_map import Graph, Input, Span
from .descriptors import piece_path
from .stack_traces import Sources
from .tensors import piece_at, pieces_of, storages_of, versions_of


def with_places_of_changes(graph: Graph, joint: JointCapture, sources: Sources) -> Graph:
    """The graph, whose changed inputs have the user's expressions that change them. Dynamo captured it."""
    if not any(map(_is_changed, graph.inputs)):
        return graph
    values = {repr(descriptor): value for descriptor, value in joint.flat()}
    memory = {slot.index: __memory(slot, values) for slot in graph.inputs if _is_changed(slot)}
    placeholders: dict[int, set[int]] = {}
    for node, value in joint.given().items():
        for known, fake in zip(_memory(value), _memory(node.meta.get("example_value"))):
            placeholders.setdefault(known, set()).add(fake)
    wanted = {index: set().union(*(placeholders.get(key, ()) for key in keys)) for index, keys in memory.items()}
    found: dict[int, dict[Span, None]] = {index: {} for index in memory}
    for node, written in _writes(joint, set().union(*wanted.values())):
        place = sources.of_node(node)
        for index, keys in wanted.items():
            if place is not None and keys & written:
                found[index][place] = None

    def changed(slot: Input) -> Input:
        if not _is_changed(slot):
            return slot
        # Some operations write to an input without a version count: batch norm to its statistics.
        source = graph.outputs[slot.mutation].source if slot.mutation is not None else None
        return dataclasses.replace(slot, changed_at=tuple(found[slot.index]) or ((source,) if source else ()))

    return dataclasses.replace(graph, inputs=tuple(map(changed, graph.inputs)))


def _is_changed(slot: Input) -> bool:
    return (slot.mutation is not None and not slot.is_unchanged) or slot.is_written


def __memory(slot: Input, values: Mapping[str, Any]) -> list[int]:
    """Return the keys of the memory of the input of the call that a slot is, or is a piece or the base of."""
    descriptor = slot.as_descriptor()
    assert descriptor is not None
    root, steps = piece_path(descriptor)
    while "base_of" in root.fields:
        root = root.fields["base_of"]
    value = values.get(root.descriptor)
    return _memory(value)[:1] + (_memory(piece_at(value, steps)) if steps else [])


def _memory(value: Any) -> list[int]:
    """Return keys that tensors with the same memory have in common.

    The first one is that of a tensor subclass itself, which no other has; those of the tensors in it follow.
    """
    if not isinstance(value, torch.Tensor):
        return []
    storages = storages_of(value)
    return storages if storages and not pieces_of(value) else [id(value), *storages]


def _writes(joint: JointCapture, memory: set[int]) -> Iterator[tuple[torch.fx.Node, set[int]]]:
    """Yield the nodes of Dynamo's graph that write to some of the memory, each with the keys of what it writes to."""
    with joint.fake_mode, torch.no_grad():
        for node in joint.dynamo_graph.graph.nodes:
            if node.op not in ("call_function", "call_method"):
                continue
            operands = {operand: _memory(operand.meta.get("example_value")) for operand in node.all_input_nodes}
            if any(key in memory for keys in operands.values() for key in keys):
                written = {key for operand in _written_by(node) for key in operands[operand]}
                if written & memory:
                    yield node, written


def _mode_of(module: torch.fx.GraphModule) -> contextlib.AbstractContextManager[Any]:
    """Return the fake mode of a graph's values. Export notes it in the graph, torch.compile does not."""
    values = (node.meta.get("example_value") for node in module.graph.nodes)
    modes = (getattr(value, "fake_mode", None) for value in values)
    found = module.meta.get("fake_mode") or next((mode for mode in modes if mode is not None), None)
    return contextlib.nullcontext() if found is None else found


def _written_by(node: torch.fx.Node) -> list[torch.fx.Node]:
    """Return the operands that a node writes to, found by running it on tensors like them; none if it cannot run."""
    made: dict[torch.fx.Node, Any] = {}

    def like(operand: torch.fx.Node) -> Any:
        value = operand.meta.get("example_value")
        if operand not in made:
            made[operand] = torch.empty_like(value) if isinstance(value, torch.Tensor) else value
        return made[operand]

    with contextlib.suppress(Exception):
        args, kwargs = torch.fx.map_arg(node.args, like), torch.fx.map_arg(node.kwargs, like)
        tensors = {operand: value for operand, value in made.items() if isinstance(value, torch.Tensor)}
        before = {operand: versions_of(value) for operand, value in tensors.items()}
        if isinstance(node.target, str):
            getattr(args[0], node.target)(*args[1:], **kwargs)
        else:
            node.target(*args, **kwargs)
        return [operand for operand, value in tensors.items() if versions_of(value) != before[operand]]
    return []
