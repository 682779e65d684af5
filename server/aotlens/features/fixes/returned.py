"""Fixes for returned expressions: detach an output that is not needed, return a copy of one that shares memory."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from aotlens.explain import action_titles
from aotlens.model.calls import called
from aotlens.model.duplicates import definitions_of
from aotlens.model.gradients import gradients_in
from aotlens.model.index import index_of
from aotlens.model.slots import is_returned
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.syntax.nodes import text_of
from aotlens.syntax.returns import returned, with_method
from aotlens.syntax.signatures import function_node
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Graph, Span

from .action import CodeAction, TextEdit


def rewrite_returned(snapshot: Snapshot, document: Document, where: Span) -> Iterator[CodeAction]:
    """Rewrite the returned expressions that the selection touches."""
    for state in snapshot.maps():
        function = _function(document, state)
        if function is None or state.map is None or len(state.map.graphs) != 1 or state.stale:
            continue
        (graph,) = state.map.graphs
        for price in index_of(state.map).prices(graph):
            out = graph.outputs[price.output]
            # An output that shares its memory has no tangent of its own: another output has it.
            if is_returned(out) and price.operations:
                lost = gradients_in(graph, price.gradients) if price.gradients else []
                title = action_titles.detach(price.label, price, lost)
                yield from _rewrite(document, function, price.label, where, title, "detach", None)
        yield from _copies(document, function, graph, where)


def _copies(document: Document, function: Node, graph: Graph, where: Span) -> Iterator[CodeAction]:
    """Return copies in place of views of one tensor, except for the first."""
    for base in graph.outputs:
        for index in base.base_of[1:]:
            out = graph.outputs[index]
            first = graph.outputs[base.base_of[0]].label
            title = action_titles.return_copy(out.label, first)
            yield from _rewrite(document, function, out.label, where, title, "clone", "aliased-outputs")


def _rewrite(
    document: Document, function: Node, label: str, where: Span, title: str, method: str, fixes: str | None
) -> Iterator[CodeAction]:
    node = returned(function, label)
    if node is None or text_of(node).endswith(f".{method}()"):
        return
    span = document.span_of(node)
    if _covers(span, where):
        edit = TextEdit(span, with_method(node, method))
        yield CodeAction(title, "quickfix", (edit,), fixes=fixes, line=span.line)


def _covers(span: Span, where: Span) -> bool:
    """Whether the selection touches an expression."""
    first, last = (where.line, where.column or 1), (where.end_line or where.line, where.end_column or where.column or 1)
    start = (span.line, span.column or 1)
    end = (span.end_line or span.line, span.end_column or start[1])
    return start <= last and first <= end


def _function(document: Document, state: TargetState) -> Node | None:
    """The function that was called in a trace; None if the document does not have it, or has several of its name."""
    definitions = definitions_of(document, state.key.qualname) if state.key.path == document.path else []
    return function_node(document, definitions[0].line, called(state)) if len(definitions) == 1 else None
