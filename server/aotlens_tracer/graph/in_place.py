"""The expressions that change an input in place.

AOTAutograd's graph has no operation left that changes anything: it only knows the new value. Dynamo's graph has them
all. To see what an operation writes to, it is run once: each tensor counts the writes to it in its version.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import torch

from ..torch_private import JointCapture, storage_key, version_of
from ..wire.descriptor_map import Graph, Input, Span
from .descriptors import piece_path
from .stack_traces import Sources


def with_places_of_changes(graph: Graph, joint: JointCapture, sources: Sources) -> Graph:
    """The graph, whose changed inputs have the user's expressions that change them. Dynamo captured it."""
    if not any(map(_is_changed, graph.inputs)):
        return graph
    values = {repr(descriptor): value for descriptor, value in joint.flat()}
    memory = {slot.index: _memory(values.get(_origin(slot))) for slot in graph.inputs if _is_changed(slot)}
    placeholders: dict[int, set[int]] = {}
    for node, value in joint.given().items():
        if (known := _memory(value)) is not None and (fake := _memory(node.meta.get("example_value"))) is not None:
            placeholders.setdefault(known, set()).add(fake)
    wanted = {index: placeholders.get(key, set()) for index, key in memory.items() if key is not None}
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
    return slot.mutation is not None or slot.is_written


def _origin(slot: Input) -> str:
    """The descriptor of the input of the call that a slot is, or is a piece or the base of."""
    descriptor = slot.as_descriptor()
    assert descriptor is not None
    root, _ = piece_path(descriptor)
    while "base_of" in root.fields:
        root = root.fields["base_of"]
    return root.descriptor


def _memory(value: Any) -> int | None:
    """Return a key that tensors with the same memory have in common; a tensor subclass has a key of its own."""
    if not isinstance(value, torch.Tensor):
        return None
    return storage_key(value) or id(value)


def _writes(joint: JointCapture, memory: set[int]) -> Iterator[tuple[torch.fx.Node, set[int]]]:
    """Yield the nodes of Dynamo's graph that write to some of the memory, each with the keys of what it writes to."""
    with joint.fake_mode, torch.no_grad():
        for node in joint.dynamo_graph.graph.nodes:
            operands = {operand: _memory(operand.meta.get("example_value")) for operand in node.all_input_nodes}
            if node.op in ("call_function", "call_method") and memory & set(operands.values()):
                written = {key for operand in _written_by(node) if (key := operands[operand]) is not None}
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
        before = {operand: version_of(value) for operand, value in tensors.items()}
        if isinstance(node.target, str):
            getattr(args[0], node.target)(*args[1:], **kwargs)
        else:
            node.target(*args, **kwargs)
        return [operand for operand, value in tensors.items() if version_of(value) != before[operand]]
    return []
