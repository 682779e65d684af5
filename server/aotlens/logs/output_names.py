"""The names of the outputs of one logged graph."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from .alignment import aligned, are_equal, can_have_gradient
from .described import described, normal
from .dynamo_names import dynamo_index
from .graphs import LoggedGraph, LoggedValue, SourceLine
from .named import Doubt, GraphNames, Role, ValueName
from .related_graphs import Related


def output_names(
    graph: LoggedGraph, inputs: Sequence[ValueName], related: Related, joint: GraphNames | None
) -> list[ValueName]:
    """A name for each output, in order. `joint` has the names of the joint or forward graph of the same call."""
    if any(value.descriptor is not None for value in graph.outputs):
        return _described(graph, inputs, joint)
    if graph.kind == "joint":
        return _of_joint(graph, inputs, related)
    if graph.kind == "backward":
        return _of_backward(graph, joint)
    if graph.kind in ("forward", "after-grad"):
        return _of_forward(graph, inputs, related, joint)
    return [_result(graph, value, index) for index, value in enumerate(graph.outputs)]


def _result(graph: LoggedGraph, value: LoggedValue, index: int, doubts: tuple[Doubt, ...] = ()) -> ValueName:
    return ValueName(value, "result", index=index, made=_made(graph, value.node), doubts=doubts)


def _made(graph: LoggedGraph, node: str | None) -> SourceLine | None:
    operation = graph.operations_by_node.get(node or "")
    return None if operation is None else operation.made


def _described(graph: LoggedGraph, inputs: Sequence[ValueName], joint: GraphNames | None) -> list[ValueName]:
    # A backward graph has the inputs that it needs alone; the joint graph has all.
    owners = [name for name in (*(joint.inputs if joint is not None else ()), *inputs) if name.value.descriptor]
    by_descriptor = {normal(name.value.descriptor): name for name in owners}
    by_node = {name.value.node: name for name in inputs}
    plain = {index: name for name in owners if (index := dynamo_index(name.value.descriptor)) is not None}

    def label(index: int) -> tuple[Role, str | None]:
        return (plain[index].role, plain[index].name) if index in plain else ("argument", f"args[{index}]")

    tangents = {
        found.inner: number
        for number, name in enumerate(inputs)
        if name.value.descriptor is not None
        and (found := described(name.value.descriptor, label)) is not None
        and found.role == "tangent"
    }
    found_names = []
    for index, value in enumerate(graph.outputs):
        found = None if value.descriptor is None else described(value.descriptor, label)
        if found is None:
            found_names.append(ValueName(value, "unknown", index=index))
            continue
        if found.role == "saved":
            found_names.append(_saved(graph, value, index, by_node.get(value.node)))
            continue
        owner = by_descriptor.get(found.inner)
        name = owner.name if owner is not None else found.name
        of = owner.value.node if owner is not None else None
        made = _made(graph, value.node)
        tangent = tangents.get(normal(value.descriptor)) if found.role in ("result", "new value") else None
        doubts = () if owner is None else owner.doubts
        found_names.append(
            ValueName(value, found.role, name, index, of, None, made, (), None, None, tangent, "descriptor", doubts)
        )
    return _with_missing_gradients(graph, joint.inputs if graph.kind == "backward" and joint else inputs, found_names)


def _with_missing_gradients(graph: LoggedGraph, inputs: Sequence[ValueName], found: list[ValueName]) -> list[ValueName]:
    """The outputs of a graph; those without a descriptor, `None`, are the gradients of the joint inputs in order."""
    primals = [name for name in inputs if name.role != "tangent" and (name.value.node or "").startswith("primals_")]
    start = len(found) - len(primals)
    if graph.kind not in ("joint", "backward") or start < 0 or (graph.kind == "backward" and start):
        return found
    for index, name in enumerate(primals, start):
        if found[index].role == "unknown" and found[index].value.node is None:
            found[index] = _gradient(found[index].value, index, name)
    return found


def _gradient(
    value: LoggedValue, index: int, name: ValueName, made: SourceLine | None = None, doubts: tuple[Doubt, ...] = ()
) -> ValueName:
    all_doubts = tuple(dict.fromkeys((*name.doubts, *doubts)))
    return ValueName(value, "gradient", name.name, index, name.value.node, made=made, doubts=all_doubts)


def _of_joint(graph: LoggedGraph, inputs: Sequence[ValueName], related: Related) -> list[ValueName]:
    primals = [name for name in inputs if (name.value.node or "").startswith("primals_")]
    is_random = any(name.role == "random state" for name in inputs)
    # Functionalized random numbers return their new offsets: after the results, and after the gradients.
    end = len(graph.outputs) - is_random
    start = end - len(primals)
    if start < is_random or not graph.is_whole:
        return [ValueName(value, "unknown", index=index) for index, value in enumerate(graph.outputs)]
    forward = graph.outputs[: start - is_random]
    results = [_result(graph, value, index) for index, value in enumerate(forward)]
    dynamo = related.dynamo
    if dynamo is not None and len(dynamo.outputs) == len(forward):
        results = [replace(name, dynamo=value.node) for name, value in zip(results, dynamo.outputs, strict=True)]
    wanted = {
        name.value.node
        for value, name in zip(graph.outputs[start:end], primals, strict=True)
        if value.node is not None and name.value.node is not None
    }
    results = _with_tangents(results, inputs, _reached(graph, wanted))
    gradients = [
        _gradient(value, index, name, _made(graph, value.node))
        for (index, value), name in zip(enumerate(graph.outputs[start:end], start), primals, strict=True)
    ]
    offsets = [
        ValueName(graph.outputs[index], "random state", index=index, made=_made(graph, graph.outputs[index].node))
        for index in ((start - 1, end) if is_random else ())
    ]
    return sorted([*results, *gradients, *offsets], key=lambda name: name.index or 0)


def _reached(graph: LoggedGraph, inputs: set[str]) -> set[str]:
    """The nodes that are computed from some inputs, with these inputs."""
    reached = set(inputs)
    for operation in graph.operations:
        if not reached.isdisjoint(operation.reads):
            reached.add(operation.node)
    return reached


def _with_tangents(results: list[ValueName], inputs: Sequence[ValueName], differentiable: set[str]) -> list[ValueName]:
    """The results with the tangents that belong to them, by order, and by type where some results have none.

    `differentiable` are the nodes that are computed from inputs with a gradient: no other result has a tangent.
    """
    tangents = [(number, name) for number, name in enumerate(inputs) if name.role == "tangent"]
    able = [
        index
        for index, name in enumerate(results)
        if name.value.node is not None and can_have_gradient(name.value.type)
    ]
    narrower = [index for index in able if results[index].value.node in differentiable]
    if len(narrower) >= len(tangents):
        able = narrower
    if len(tangents) == len(able):
        pairs: dict[int | None, int] = {index: number for (number, _), index in zip(tangents, able, strict=True)}
    else:
        types = [results[index].value.type for index in able]
        found = aligned([name.value.type for _, name in tangents], types, are_equal)
        pairs = {
            able[position]: number
            for (number, _), position in zip(tangents, found, strict=True)
            if position is not None
        }
    return [replace(name, tangent=pairs.get(name.index)) for name in results]


def _of_backward(graph: LoggedGraph, joint: GraphNames | None) -> list[ValueName]:
    primals = [
        name for name in (joint.inputs if joint is not None else ()) if (name.value.node or "").startswith("primals_")
    ]
    made = [_made(graph, value.node) for value in graph.outputs]
    if len(primals) == len(graph.outputs):
        return [_gradient(value, index, primals[index], made[index]) for index, value in enumerate(graph.outputs)]
    doubts: tuple[Doubt, ...] = ("counts differ",) if joint is not None else ("by order",)
    return [
        ValueName(
            value,
            "gradient",
            index=index,
            of=f"primals_{index + 1}" if joint is None else None,
            made=made[index],
            doubts=doubts,
        )
        for index, value in enumerate(graph.outputs)
    ]


def _of_forward(
    graph: LoggedGraph, inputs: Sequence[ValueName], related: Related, joint: GraphNames | None
) -> list[ValueName]:
    results = _results_of_forward(graph, related, joint)
    by_node = {name.value.node: name for name in inputs}
    found = []
    for index, value in enumerate(graph.outputs):
        owner = by_node.get(value.node)
        if results is None:
            found.append(ValueName(value, "unknown", index=index, made=_made(graph, value.node)))
        elif index < results:
            known = joint.outputs[index] if joint is not None and index < len(joint.outputs) else None
            is_random = known is not None and known.role == "random state"
            result = _result(graph, value, index)
            made = result.made or (known.made if known is not None else None)  # Inductor's code has no lines
            found.append(replace(result, role="random state" if is_random else "result", made=made))
        else:
            found.append(_saved(graph, value, index, owner))
    return found


def _saved(graph: LoggedGraph, value: LoggedValue, index: int, owner: ValueName | None) -> ValueName:
    """A value that the forward graph keeps for backward; `owner` is the input that it is, None if it is computed."""
    if owner is None or value.node is None:
        return ValueName(value, "saved", index=index, made=_made(graph, value.node))
    return ValueName(value, "saved", owner.name, index, value.node, doubts=owner.doubts)


def _results_of_forward(graph: LoggedGraph, related: Related, joint: GraphNames | None) -> int | None:
    """The number of outputs of a forward graph that are not saved for backward; None if it is not known."""
    if joint is not None and joint.graph.kind == "joint":
        forward = itertools.takewhile(lambda name: name.role != "gradient", joint.outputs)
        return sum(1 for name in forward if name.role in ("result", "new value", "token", "random state"))
    if joint is not None and joint.graph.kind == "forward" and len(joint.outputs) == len(graph.outputs):
        return sum(1 for name in joint.outputs if name.role == "result") or None
    if related.backward is not None:
        saved = sum(1 for value in related.backward.inputs if not (value.node or "").startswith("tangents_"))
        return max(0, len(graph.outputs) - saved)
    if related.dynamo is not None and len(related.dynamo.outputs) <= len(graph.outputs):
        return len(related.dynamo.outputs)
    return None
