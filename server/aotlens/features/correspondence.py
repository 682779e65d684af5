"""The correspondence between a line of source and the lines of a shown graph, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aotlens.explain.graph_lines import GraphText
from aotlens.model.index import MapIndex, index_of
from aotlens.model.nodes import Node
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

from .graph_view import GraphView

Nodes = Mapping[Node, bool]
"""Nodes of a graph; the value is True for a node of the backward pass."""


@dataclass(frozen=True)
class Run:
    """Consecutive lines of a graph, all of the forward pass or all of the backward pass."""

    first: int
    last: int
    backward: bool


@dataclass(frozen=True)
class Origin:
    """The places in today's text that created a node: the innermost place first, then its callers.

    For an input it is the place that made it. `backward` is True for a node of the backward pass.
    """

    spans: tuple[Span, ...]
    backward: bool


def nodes_of_line(snapshot: Snapshot, view: GraphView, document: Document, line: int) -> Nodes:
    """The nodes of a target's graph that a line of source runs or creates.

    A line that runs no operation itself (`x = block(x)`) stands for the operations inside its calls.
    """
    map, text = view.state.map, document.line(line)
    then = snapshot.then(view.state, document.path, line, len(text) - len(text.lstrip()) + 1)
    if map is None or then is None:
        return {}
    index = index_of(map)
    found = dict.fromkeys(_made(index, document.path, then[0]), False)
    found |= dict.fromkeys(_gradients(index, found), True)
    chains = index.lines.chains_at(document.path, [then[0]])
    if not chains and not found:
        chains = index.lines.chains_inside(document.path, [then[0]])
    for chain in chains:
        mine = index.operations.by_chain.get(chain, ())
        found |= {Node(chain.graph, operation.name): operation.backward for operation in mine}
    return found


def node_at(view: GraphView, line: int, column: int) -> Node | None:
    """The node at a position: the one named there, else that of the line, or for a comment that of the line below."""
    name = view.name_at(line, column)
    if name is not None:
        return name.node
    first = view.text.line_nodes.get(line)
    return first if first is not None or line not in view.text.sources else view.text.line_nodes.get(line + 1)


def nodes_with(view: GraphView, node: Node) -> Nodes:
    """A node together with its derivative.

    For an input, that is its gradient; for an operation, the operations that compute the gradients of its operands. An
    operation of a derivative brings its forward operation and the rest of the derivative.
    """
    if view.state.map is None:
        return {}
    index = index_of(view.state.map)
    operation = index.operations.by_node.get(node)
    if operation is None:
        return {node: node in index.inputs.tangents} | dict.fromkeys(_gradients(index, [node]), True)
    name = operation.forward if operation.backward else node.name
    if name is None:
        return {node: operation.backward}
    forward = Node(node.graph, name)
    derivative = dict.fromkeys(index.operations.derivatives.get(forward, ()), True)
    return {forward: False} | derivative | {node: operation.backward}


def origin(snapshot: Snapshot, view: GraphView, node: Node) -> Origin | None:
    """The origin of a node; None if torch does not know it, or edits have destroyed it."""
    map = view.state.map
    if map is None:
        return None
    index = index_of(map)
    operation = index.operations.by_node.get(node)
    if operation is not None:
        chain = index.operations.chains.get(node)
        spans = [step.span for step in index.lines.outward(chain)] if chain is not None else []
        backward = operation.backward
    else:
        lines = view.text.lines_of.get(node, ())
        spans = list(dict.fromkeys(span for line in lines if (span := view.text.sources.get(line)) is not None))
        backward = node in index.inputs.tangents
    now = tuple(span for one in spans if (span := snapshot.now(view.state, one)) is not None)
    return Origin(now, backward) if now else None


def runs(text: GraphText, nodes: Nodes) -> list[Run]:
    """The lines of a graph that define or list some nodes, with the comments above them that name their source.

    The title of a block belongs to them if all of its lines do.
    """
    kinds: dict[int, bool] = {}
    for node, backward in nodes.items():
        for line in text.lines_of.get(node, ()):
            kinds[line] = backward
            if line - 1 in text.sources and line - 1 not in text.line_nodes:
                kinds[line - 1] = backward
    for block in reversed(text.blocks):
        if block.module is not None and block.last in kinds:
            inside = {kinds.get(line) for line in range(block.first + 1, block.last + 1)}
            if len(inside) == 1:
                kinds[block.first] = kinds[block.last]
    return list(_joined(sorted(kinds.items())))


def _joined(kinds: Iterable[tuple[int, bool]]) -> Iterator[Run]:
    run: Run | None = None
    for line, backward in kinds:
        if run is not None and run.last == line - 1 and run.backward == backward:
            run = Run(run.first, line, backward)
            continue
        if run is not None:
            yield run
        run = Run(line, line, backward)
    if run is not None:
        yield run


def _made(index: MapIndex, path: str, line: int) -> Iterator[Node]:
    """The nodes of the inputs that a line makes; a module makes all inputs in it."""
    for birth in index.names.births.get(path, {}).get(line, ()):
        for entry in birth.named.below():
            if entry.slot.node is not None:
                yield Node(index.number(entry.graph), entry.slot.node)


def _gradients(index: MapIndex, nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        entry = index.inputs.by_node.get(node)
        if entry is not None and entry.gradient is not None and entry.gradient.node is not None:
            yield Node(node.graph, entry.gradient.node)
