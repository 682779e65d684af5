"""Fixes for what is returned: detach an output that only costs, return a copy of one that shares memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from aotlens.model.duplicates import definitions_of
from aotlens.model.folding import all_names
from aotlens.model.index import index_of
from aotlens.model.prices import in_words
from aotlens.model.resolve import called
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.syntax.nodes import text_of
from aotlens.syntax.returns import returned, with_method
from aotlens.syntax.signatures import function_node
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Graph, Span


@dataclass(frozen=True)
class Rewrite:
    """An expression of a `return`, and what to put in its place; the code of the finding that it mends, if any."""

    title: str
    span: Span
    text: str
    fixes: str | None = None


def rewrites(snapshot: Snapshot, document: Document, where: Span) -> Iterator[Rewrite]:
    """What can be done about the outputs whose expressions stand where the user is."""
    for state in snapshot.maps():
        function = _function(document, state)
        if function is None or state.map is None or len(state.map.graphs) != 1 or state.stale:
            continue
        (graph,) = state.map.graphs
        for price in index_of(state.map).prices(graph):
            out = graph.outputs[price.output]
            # Of an output that shares its memory another one has the tangent.
            if out.kind == "PlainAOTOutput" and price.operations:
                lost = [slot.label for slot in graph.inputs if slot.gradient in price.gradients]
                but = f", and {', '.join(all_names(lost))} get{'s' if len(lost) == 1 else ''} no gradient"
                title = f"Detach {out.label}: {in_words(price)} go{but if lost else ''}"
                yield from _rewrite(document, function, out.label, where, title, "detach", None)
        yield from _copies(document, function, graph, where)


def _copies(document: Document, function: Node, graph: Graph, where: Span) -> Iterator[Rewrite]:
    """Copies of all but the first of the outputs that are views of one tensor."""
    for base in graph.outputs:
        for index in base.base_of[1:]:
            out = graph.outputs[index]
            first = graph.outputs[base.base_of[0]].label
            title = f"Return a copy as {out.label}, which shares memory with {first}"
            yield from _rewrite(document, function, out.label, where, title, "clone", "aliased-outputs")


def _rewrite(
    document: Document, function: Node, label: str, where: Span, title: str, method: str, fixes: str | None
) -> Iterator[Rewrite]:
    node = returned(function, label)
    if node is None or text_of(node).endswith(f".{method}()"):
        return
    span = document.span_of(node)
    if _covers(span, where):
        yield Rewrite(title, span, with_method(node, method), fixes)


def _covers(span: Span, where: Span) -> bool:
    """Whether an expression stands where the user is: around the cursor, or on the lines that are selected."""
    first, last = (where.line, where.column or 1), (where.end_line or where.line, where.end_column or where.column or 1)
    start = (span.line, span.column or 1)
    end = (span.end_line or span.line, span.end_column or start[1])
    return start <= last and first <= end


def _function(document: Document, state: TargetState) -> Node | None:
    """The function that was called in a trace, where the document has it."""
    definitions = definitions_of(document, state.key.qualname) if state.key.path == document.path else []
    return function_node(document, definitions[0].line, called(state)) if len(definitions) == 1 else None
