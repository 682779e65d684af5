"""The bytes that all graphs of a call save for the backward pass together.

A saved value that is an input of its graph costs nothing there. If it is a local that an earlier graph computed, it is
an activation: it stays alive because of that later graph, and costs its memory once, unless the earlier graph saves it.
"""

from __future__ import annotations

from collections.abc import Collection

from aotlens_tracer.wire.descriptor_map import Graph, Saved

from .compiled import saved_in_runs
from .index import MapIndex
from .nodes import Node
from .slots import Result, whole_name


def saved_by_call(index: MapIndex) -> int | None:
    """Return the bytes that the graphs of a call save, each as often as it runs; None if nothing is known of them."""
    if all(graph.saved is None for graph in index.graphs):
        return None
    return sum(map(own_bytes, index.graphs)) + sum(kept_locals(index).values())


def saved_once(graph: Graph) -> int | None:
    """Return the bytes of the values that one run of a graph saves, without aliases; None if they are not known."""
    if graph.saved is None:
        return None
    return sum(value.bytes or 0 for value in graph.saved if value.alias_of is None)


def own_bytes(graph: Graph) -> int:
    """Return the bytes of the values that a graph saves, as often as it runs, without those of its inputs."""
    return (saved_once(graph) or 0) * _runs(graph)


def kept_locals(index: MapIndex) -> dict[tuple[int, str], int]:
    """Return the bytes of the outputs that only later graphs keep alive, by the number and node of their graph."""
    found: dict[tuple[int, str], int] = {}
    for graph in index.graphs:
        inputs = {slot.node: slot for slot in graph.inputs}
        for value in graph.saved or ():
            source = inputs[value.alias_of].dynamo if value.alias_of in inputs else None
            if source is None or source.made_by is None:
                continue
            number, position = source.made_by
            maker = index.graphs[number]
            node = maker.outputs[position].node
            if node is None or maker.outputs[position].alias_of is not None or _saves(maker, node):
                continue
            found[number, node] = max(found.get((number, node), 0), (value.bytes or 0) * _runs(graph))
    return found


def saved_in(index: MapIndex, names: Collection[str]) -> int | None:
    """Return the bytes that some modules, and the modules in them, save in the graphs of a call.

    `names` are their names; the empty one is the model itself. None if nothing is known of what is saved.
    """
    if "" in names or all(graph.saved is None for graph in index.graphs):
        return saved_by_call(index)
    own = sum(value.bytes or 0 for value in values_in(index, names))
    return own + sum(size for _, size in kept_in(index, names))


def values_in(index: MapIndex, names: Collection[str]) -> list[Saved]:
    """Return the values that some modules save, and those in them: without aliases, each as often as its graph runs."""
    every = [value for graph in index.graphs for value in saved_in_runs(graph) if value.alias_of is None]
    return every if "" in names else [value for value in every if is_in(value.module, names)]


def kept_in(index: MapIndex, names: Collection[str]) -> list[tuple[Result, int]]:
    """Return the outputs of such modules that only later graphs keep alive, with their bytes; see `kept_locals`."""
    kept = kept_with_modules(index)
    return [(result, size) for result, size, module in kept if "" in names or is_in(module, names)]


def kept_with_modules(index: MapIndex) -> list[tuple[Result, int, str | None]]:
    """Return the outputs that only later graphs keep alive, with their bytes and the module that computes them."""
    found = []
    for (number, node), size in kept_locals(index).items():
        operation = index.operations.by_node.get(Node(number, node))
        graph = index.graphs[number]
        result = Result(graph, next(out for out in graph.outputs if out.node == node))
        found.append((result, size, operation.module if operation is not None else None))
    return found


def is_in(module: str | None, names: Collection[str]) -> bool:
    """Whether a module is one of some modules, or is in one of them; False if it is not known."""
    while module and module not in names:
        module = module.rpartition(".")[0]
    return bool(module)


def kept_by(index: MapIndex, graph: Graph) -> list[str]:
    """Return the names of the locals that a graph saves as its inputs, and that no earlier graph saves itself."""
    kept, names = kept_locals(index), dict[str, None]()
    saved = {value.alias_of for value in graph.saved or ()}
    for slot in graph.inputs:
        if slot.node in saved and slot.dynamo is not None and slot.dynamo.made_by is not None:
            number, position = slot.dynamo.made_by
            if (number, index.graphs[number].outputs[position].node) in kept:
                names[whole_name(slot)] = None
    return list(names)


def _saves(graph: Graph, node: str) -> bool:
    """Whether a graph itself saves a node, or a view of it."""
    operations = {operation.name: operation for operation in graph.operations}

    def base(name: str | None) -> str | None:
        while name in operations and operations[name].is_view and operations[name].operands:
            name = operations[name].operands[0]
        return name

    return base(node) in {base(each) for value in graph.saved or () for each in (value.node, value.alias_of)}


def _runs(graph: Graph) -> int:
    return graph.compiled.runs if graph.compiled is not None else 1
