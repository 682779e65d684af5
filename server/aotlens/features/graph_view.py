"""A graph shown as a document: what stands at a position of it, and where that is defined, used and made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aotlens.explain.graph_text import GraphText, Kind, Name
from aotlens.explain.partitioners import for_backward
from aotlens.explain.render.markdown import code
from aotlens.explain.shapes import bytes_in_words, tensor_in_brief
from aotlens.explain.words import meaning
from aotlens.model.index import index_of
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Operation, Slot, Span

_READERS = 4
"""So many operations are named that read a value."""


@dataclass(frozen=True)
class GraphView:
    """One graph of a target, as it is shown."""

    state: TargetState
    kind: Kind
    text: GraphText

    def name_at(self, line: int, column: int) -> Name | None:
        """The name at a position; its end counts as it."""
        names = self.text.by_line.get(line, ())
        return next((name for name in names if name.column <= column <= name.end_column), None)

    def hover(self, line: int, column: int) -> tuple[str, Name] | None:
        """What is known of the node that is named at a position, in markdown."""
        name = self.name_at(line, column)
        if name is None or self.state.map is None:
            return None
        for graph in self.state.map.graphs:
            for said in (self._slot(graph, name.node), self._operation(graph, name.node)):
                if said:
                    return said, name
        return None

    def uses(self, line: int, column: int) -> list[Name]:
        """Every place that names the node at a position."""
        name = self.name_at(line, column)
        return [other for other in self.text.names if name is not None and other.node == name.node]

    def definition_line(self, line: int, column: int) -> int | None:
        """The line of the document that defines the node at a position; None where it is that line."""
        name = self.name_at(line, column)
        defined = self.text.definitions.get(name.node) if name is not None else None
        return defined if defined != line else None

    def sources(self, snapshot: Snapshot, line: int, column: int) -> list[Span]:
        """Where the node of a position comes from, in today's text: an input's birthplace, an operation's line.

        On a comment it is the line that the comment names.
        """
        name = self.name_at(line, column)
        at = self.text.definitions.get(name.node, line) if name is not None else line
        span = self.text.sources.get(at)
        now = snapshot.now(self.state, span) if span is not None else None
        return [now] if now is not None else []

    def _slot(self, graph: Graph, node: str) -> str:
        slots: list[Slot] = [slot for slot in (*graph.inputs, *graph.outputs) if slot.node == node]
        blocks = []
        for slot in slots:
            kind = f" · {code(tensor_in_brief(slot.dtype, slot.shape))}" if slot.dtype is not None else ""
            index = index_of(self.state.map) if self.state.map is not None else None
            labels = index.labels(graph) if index is not None else {}
            exact = f"\n\n{code(slot.descriptor)}" if slot.descriptor is not None else ""
            blocks.append(f"**{slot.label}** · node {code(node)}{kind}\n\n{meaning(slot, labels)}{exact}")
        if blocks and (operation := self._operation(graph, node)):
            blocks.append(operation)
        return "\n\n".join(blocks)

    def _operation(self, graph: Graph, node: str) -> str:
        operation = next((operation for operation in _operations(graph) if operation.name == node), None)
        if operation is None:
            return ""
        direction = "backward" if operation.backward else "forward"
        lead = [f"**{direction}** {code(operation.op)}", f"node {code(node)}"]
        if operation.dtype is not None:
            lead.append(code(tensor_in_brief(operation.dtype, operation.shape)))
        facts = []
        if operation.module:
            facts.append(f"in {code(operation.module)}")
        if operation.forward is not None:
            facts.append(f"part of the derivative of {code(operation.forward)}")
        saved = next((value for value in graph.saved or () if value.node == node), None)
        if saved is not None:
            alias = f", an alias of {code(saved.alias_of)}" if saved.alias_of is not None else ""
            readers = ", ".join(map(code, saved.read_by[:_READERS])) + (" …" if len(saved.read_by) > _READERS else "")
            facts.append(f"saved {for_backward(graph)}, {bytes_in_words(saved.bytes)}{alias}: read by {readers}")
        return "\n\n".join(part for part in (" · ".join(lead), " · ".join(facts)) if part)


def _operations(graph: Graph) -> Iterator[Operation]:
    yield from graph.operations
    if graph.partition is not None:
        yield from graph.partition.operations


def prepare(map: DescriptorMap, text: GraphText) -> None:
    """Compute what the first question about a shown graph needs. The results stay with the map and the text."""
    index = index_of(map)
    _ = text.lines_of, index.births, index.operations.chains, index.operations.derivatives
    index.lines.chains_inside("", ())
