"""A graph shown as a document: the node at a position, its definition, its uses and its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aotlens.explain.blocks import Block, Code, Facts, Paragraph, line, sentence, strong
from aotlens.explain.bodies import argument_in_words, body_in_words
from aotlens.explain.gradients import meaning_of
from aotlens.explain.graph_lines import GraphText, Kind, Name
from aotlens.explain.graph_nodes import operation_in_words
from aotlens.explain.phrases import type_of
from aotlens.explain.subclasses import piece_of_in_words
from aotlens.model.bodies import bodies_of
from aotlens.model.index import index_of
from aotlens.model.slots import Entry, Result
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens_tracer.wire.bodies import Bodies
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Operation, Span


@dataclass(frozen=True)
class GraphView:
    """One graph of a target as a document shows it."""

    state: TargetState
    kind: Kind
    text: GraphText

    def name_at(self, line: int, column: int) -> Name | None:
        """The name at a position, or directly before it; None if there is none."""
        names = self.text.by_line.get(line, ())
        return next((name for name in names if name.column <= column <= name.end_column), None)

    def hover(self, line: int, column: int) -> tuple[list[Block], Name] | None:
        """The hover of the node that is named at a position, and that name; None if there is none."""
        name = self.name_at(line, column)
        if name is None or self.state.map is None:
            return None
        graph, node = self.state.map.graphs[name.node.graph], name.node.name
        blocks = self._slots(graph, node) or self._node(graph, node)
        return (blocks, name) if blocks else None

    def uses(self, line: int, column: int) -> list[Name]:
        """All places that name the node at a position."""
        name = self.name_at(line, column)
        return [other for other in self.text.names if name is not None and other.node == name.node]

    def definition_line(self, line: int, column: int) -> int | None:
        """The line of the document that defines the node at a position; None if the position is on it."""
        name = self.name_at(line, column)
        defined = self.text.definitions.get(name.node) if name is not None else None
        return defined if defined != line else None

    def sources(self, snapshot: Snapshot, line: int, column: int) -> list[Span]:
        """The source of the node at a position, in today's text: an input's birthplace, an operation's line.

        On a comment, it is the line that the comment names.
        """
        name = self.name_at(line, column)
        at = self.text.definitions.get(name.node, line) if name is not None else line
        span = self.text.sources.get(at)
        now = snapshot.now(self.state, span) if span is not None else None
        return [now] if now is not None else []

    def _slots(self, graph: Graph, node: str) -> list[Block]:
        """The slots that a node is: an input, an output, or several outputs; and the operation that computes it."""
        if self.state.map is None:
            return []
        index = index_of(self.state.map)
        items: list[Entry | Result] = [Entry(graph, slot) for slot in graph.inputs if slot.node == node]
        items += [Result(graph, slot) for slot in graph.outputs if slot.node == node]
        blocks: list[Block] = []
        for item in items:
            slot = item.slot
            title = [line(strong(slot.label)), line("node ", Code(node))]
            if kind := type_of(slot, graph):
                title.append(kind)
            if about := piece_of_in_words(slot, graph):
                title.append(about)
            blocks += [Facts(tuple(title)), Paragraph(sentence(meaning_of(item, index)))]
            if slot.descriptor is not None:
                blocks.append(Paragraph(line(Code(slot.descriptor))))
        return [*blocks, *self._node(graph, node)] if blocks else []

    def _node(self, graph: Graph, node: str) -> list[Block]:
        """An operation of the graph or of a body, a body, or an input of one."""
        bodies = bodies_of(graph, is_partitioned=self.kind != "joint")
        if (argument := bodies.arguments.get(node)) is not None:
            labels = {slot.node: slot.label for slot in graph.inputs}
            return list(argument_in_words(argument, lambda one: labels.get(one, one.rpartition(".")[2])))
        operation = self._by_name(graph, bodies).get(node)
        if operation is None:
            return []
        body = bodies.read_by(operation, node.rpartition(".")[0])
        return list(body_in_words(body) if body is not None else operation_in_words(operation, graph, bodies))

    def _by_name(self, graph: Graph, bodies: Bodies) -> dict[str, Operation]:
        """The operations of the graph and of its bodies; made once for each graph."""
        assert self.state.map is not None
        key = ("operations by name", id(graph), self.kind != "joint")
        return index_of(self.state.map).once(
            key, lambda: {one.name: one for one in reversed(list(_operations(graph, bodies)))}
        )


def _operations(graph: Graph, bodies: Bodies) -> Iterator[Operation]:
    yield from graph.operations
    if graph.partition is not None:
        yield from graph.partition.operations
    yield from bodies.operations


def prepare(map: DescriptorMap, text: GraphText) -> None:
    """Compute what the first question about a shown graph needs. The results stay with the map and the text."""
    index = index_of(map)
    _ = text.lines_of, index.names.births, index.operations.chains, index.operations.derivatives
    index.lines.chains_inside("", ())
