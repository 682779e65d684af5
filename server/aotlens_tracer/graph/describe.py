"""From a captured joint graph to the Graph of a descriptor map: every input and output, named and paired."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..torch_private import JointCapture
from ..wire.bodies import Bodies
from ..wire.compiled import Compiled, DynamoSource
from ..wire.descriptor_map import Descriptor, Graph, Input, Operation, Output, Span
from .birthplaces import Birthplaces
from .collectives import collectives_of
from .descriptors import copy_descriptor, piece_path
from .flat_arguments import FlatArguments
from .operations import Operations
from .pairing import paired, with_aliases, with_ties
from .placements import mesh_in
from .slot_labels import Labels
from .stack_traces import Sources
from .subclasses import subclasses
from .tensors import symbol_of, tensor_facts

_WRITE = torch.ops.aten.copy_.default


@dataclass(frozen=True)
class Named:
    """Facts that the capture alone does not have: the user's names, the module, and where its parts were made.

    `called` is the name of the function that the call runs. A graph that torch.compile runs has the places from which
    Dynamo takes its flat arguments (`dynamo`, None where they are not known), `compiled`, and the flat outputs that the
    call does not return (`internal`).
    """

    called: str
    labels: Labels
    module: nn.Module | None
    birthplaces: Birthplaces
    dynamo: Sequence[DynamoSource | None] = ()
    compiled: Compiled | None = None
    internal: frozenset[int] = frozenset()


def name_of_called(function: Callable[..., Any]) -> str:
    """Return the name of the function that a call runs: `forward` for a call of a module."""
    while isinstance(function, functools.partial):
        function = function.func
    name: str = getattr(function, "__name__", type(function).__name__)
    return "forward" if isinstance(function, nn.Module) or name == nn.Module.__call__.__name__ else name


def describe(joint: JointCapture, capture: str, named: Named, sources: Sources, operations: Operations) -> Graph:
    """The graph's inputs, outputs and operations, before it is partitioned."""
    labels = named.labels
    nodes = list(joint.graph_module.graph.nodes)
    placeholders = [node for node in nodes if node.op == "placeholder"]
    output_node = next(node for node in nodes if node.op == "output")
    returned = list(output_node.args[0])
    returned_descriptors = list(output_node.meta.get("desc") or [None] * len(returned))

    flat = FlatArguments(joint.flat(), labels)
    done = operations.of_joint(joint.graph_module.graph)
    bodies = operations.bodies_of_joint(joint.graph_module.graph)
    reads = _reads(done, Bodies(bodies), sources)
    inputs = [_input(index, node, named, flat, sources, reads) for index, node in enumerate(placeholders)]
    outputs = [
        _output(index, node, descriptor, named, sources)
        for index, (node, descriptor) in enumerate(zip(returned, returned_descriptors))
    ]
    inputs, outputs = paired(inputs, outputs)
    inputs = with_ties(inputs, named.module, flat)
    outputs = with_aliases(inputs, outputs, joint)
    vanished = flat.vanished(inputs)
    inputs = [
        dataclasses.replace(slot, stands_for=tuple(v.label for v in vanished if v.into == slot.index))
        for slot in inputs
    ]
    collectives = collectives_of(joint.graph_module.graph, done, inputs, sources)
    return Graph(
        capture,
        tuple(inputs),
        tuple(outputs),
        subclasses=tuple(subclasses(inputs, outputs, labels, flat, joint)),
        vanished=tuple(vanished),
        joint=joint.needs_autograd,
        operations=done,
        frames=tuple(sources.frames),
        bodies=bodies,
        compiled=named.compiled,
        collectives=collectives,
        devices=_devices(nodes),
    )


def _devices(nodes: Sequence[torch.fx.Node]) -> tuple[str, ...]:
    values = (node.meta.get("val") for node in nodes)
    return tuple(sorted({value.device.type for value in values if isinstance(value, torch.Tensor)}))


def _input(
    index: int,
    node: torch.fx.Node,
    named: Named,
    flat: FlatArguments,
    sources: Sources,
    reads: Mapping[str, Sequence[Span]],
) -> Input:
    descriptor = copy_descriptor(node.meta.get("desc"))
    definition = set_at = None
    requires_grad = dynamo = None
    if descriptor is not None:
        root, _ = piece_path(descriptor)
        while "base_of" in root.fields:
            root = root.fields["base_of"]
        dynamo = _source_of(root, named)
        name = _registered_name(root, dynamo)
        if name is not None and named.module is not None:
            definition = named.birthplaces.of_tensor(named.module, name)
            set_at = named.birthplaces.set_at(named.module, name)
        value = flat.value(root)
        requires_grad = value.requires_grad if isinstance(value, torch.Tensor) else None
    return Input(
        index,
        node.name,
        *_described(descriptor),
        named.labels.of(descriptor) if descriptor is not None else node.name,
        *tensor_facts(node.meta.get("val")),
        descriptor.fields if descriptor is not None else {},
        definition,
        requires_grad=requires_grad,
        used=bool(node.users),
        reads=tuple(dict.fromkeys(reads.get(node.name, ()))),
        dynamo=dynamo,
        symbol=symbol_of(node.meta.get("val")),
        is_written=any(user.target is _WRITE and user.args[0] is node for user in node.users),
        set_at=set_at,
        mesh=mesh_in(node.meta.get("val")),
    )


def _source_of(root: Descriptor, named: Named) -> DynamoSource | None:
    index = root.fields.get("idx") if root.kind == "PlainAOTInput" else None
    return named.dynamo[index] if index is not None and index < len(named.dynamo) else None


def _registered_name(root: Descriptor, dynamo: DynamoSource | None) -> str | None:
    """Return the name of the parameter or buffer that a whole input is; None if it is none of these."""
    if dynamo is not None:
        return dynamo.name if dynamo.role in ("parameter", "buffer") else None
    return str(root.fields["target"]) if root.kind in ("ParamAOTInput", "BufferAOTInput") else None


def _reads(operations: Sequence[Operation], bodies: Bodies, sources: Sources) -> dict[str, list[Span]]:
    """Return the expressions whose forward operations read a node. An operation reads not what it passes to a body."""
    found: dict[str, list[Span]] = {}
    for operation in (*map(bodies.without_passed, operations), *bodies.operations):
        span = sources.source(operation.frame) if not operation.backward else None
        for operand in operation.operands if span is not None else ():
            assert span is not None
            found.setdefault(operand, []).append(span)
    return found


def _output(index: int, node: Any, torch_descriptor: Any, named: Named, sources: Sources) -> Output:
    descriptor = copy_descriptor(torch_descriptor)
    root = piece_path(descriptor)[0] if descriptor is not None else None
    is_node = isinstance(node, torch.fx.Node)
    return Output(
        index,
        node.name if is_node else None,
        *_described(descriptor),
        named.labels.of(descriptor) if descriptor is not None else "",
        *tensor_facts(node.meta.get("val") if is_node else None),
        descriptor.fields if descriptor is not None else {},
        sources.of_node(node) if is_node and node.op != "placeholder" else None,
        is_internal=root is not None and root.kind == "PlainAOTOutput" and root.fields["idx"] in named.internal,
        symbol=symbol_of(node.meta.get("val")) if is_node else None,
    )


def linked(graphs: Sequence[Graph]) -> tuple[Graph, ...]:
    """Return the graphs of a call, each local of a later one with the output of an earlier one that it is.

    Until then `made_by` has the position among the flat outputs of Dynamo's graph. A piece of a tensor subclass is the
    same piece of that output.
    """
    found: dict[tuple[int, int], dict[object, tuple[int, int]]] = {}
    for number, graph in enumerate(graphs):
        for out in graph.outputs:
            descriptor = out.as_descriptor()
            root, steps = piece_path(descriptor) if descriptor is not None else (None, ())
            if root is not None and root.kind == "PlainAOTOutput":
                found.setdefault((number, root.fields["idx"]), {})[steps] = (number, out.index)

    def with_link(slot: Input) -> Input:
        if slot.dynamo is None or slot.dynamo.made_by is None:
            return slot
        pieces = found.get(slot.dynamo.made_by, {})
        descriptor = slot.as_descriptor()
        steps = piece_path(descriptor)[1] if descriptor is not None else ()
        made_by = pieces.get(steps, next(iter(pieces.values()), None))
        return dataclasses.replace(slot, dynamo=dataclasses.replace(slot.dynamo, made_by=made_by))

    return tuple(dataclasses.replace(graph, inputs=tuple(map(with_link, graph.inputs))) for graph in graphs)


def _described(descriptor: Descriptor | None) -> tuple[str | None, str | None, str | None]:
    if descriptor is None:
        return None, None, None
    return descriptor.kind, descriptor.descriptor, descriptor.expression
