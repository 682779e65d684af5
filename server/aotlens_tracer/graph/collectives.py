"""The collective operations of a joint graph: what they move, over which group, and who asked for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..failures import is_library
from ..torch_private import Asked, Spec, arranges, asked_of, collective_of, given_to, style_at
from ..wire.collectives import Cause, Collective
from ..wire.descriptor_map import Input, Operation, Sharding, Span
from ..wire.input_roles import whole_label
from .placements import sharding_on
from .stack_traces import Sources, parse, source_text, span_in_code
from .tensors import tensor_bytes


def collectives_of(
    graph: torch.fx.Graph, operations: Sequence[Operation], inputs: Sequence[Input], sources: Sources
) -> tuple[Collective, ...]:
    """Return the collective operations, in the order of the graph. `operations` are all of its operations."""
    nodes = {node.name: node for node in graph.nodes}
    labels = {slot.node: whole_label(slot) for slot in inputs}
    found: list[Collective] = []
    places: dict[Any, Span] = {}
    for index, operation in enumerate(operations):
        node = nodes[operation.name]
        kind = collective_of(node)
        if kind is None:
            continue
        asked = asked_of(node)
        stack = _stack(node, asked)
        source = sources.of_node(node) or _innermost(stack, sources)
        number = node.meta.get("seq_nr")
        if source is None:
            source = places.get(number)  # a direct capture: its forward operation has the same number
        elif number is not None and not operation.backward:
            places.setdefault(number, source)
        operand = _operand(node, labels, operation.backward, sources.of_node)
        label = source_text(source) if source is not None else None
        cause, by = _cause(asked, stack, kind) if source is not None else _implicit_cause(asked)
        found.append(
            Collective(
                index,
                kind,
                _bytes(node),
                asked.group.ranks if asked is not None else None,
                asked.group.dimension if asked is not None else None,
                operation.backward,
                source,
                label,
                operation.module,
                cause,
                by,
                _sharding(asked.before) if asked is not None else None,
                _sharding(asked.after) if asked is not None else None,
                operand if operand != label else None,  # what the redistribution itself computes first
            )
        )
    return tuple(found)


def _bytes(node: torch.fx.Node) -> int | None:
    """Return the bytes of the tensors that the rank gives into a collective; None if a size has no hint."""
    sizes = [tensor_bytes(each.meta.get("val")) for each in given_to(node)]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _sharding(spec: Spec | None) -> Sharding | None:
    return sharding_on(spec.mesh, spec.placements) if spec is not None else None


def _stack(node: torch.fx.Node, asked: Asked | None) -> tuple[Span, ...]:
    """Return the call chain of a node, torch's frames included, outermost first.

    Dynamo's is the whole of it. A direct capture has Python's own frames.
    """
    text = node.meta.get("stack_trace")
    if text:
        return parse(text)
    frames = asked.frames if asked is not None else ()
    return tuple(span_in_code(*frame) for frame in frames)


def _innermost(stack: Sequence[Span], sources: Sources) -> Span | None:
    """Return the innermost span outside of torch and of the tracer; None without one."""
    outside = [span for span in stack if not is_library(span.path) and not span.path.startswith("<")]
    return sources.source(sources.frame_of_stack(outside))


def _implicit_cause(asked: Asked | None) -> tuple[Cause, str | None]:
    """Return who asked for a collective whose call is not known: the derivative of something, in a direct capture."""
    match asked:
        case Asked(how="operand", by=by):
            return "operand", by
        case Asked(how="operation", by=by):
            return "operation", by
    return "unknown", None


def _cause(asked: Asked | None, stack: Sequence[Span], kind: str) -> tuple[Cause, str | None]:
    if asked is None or asked.how in ("operand", "operation"):
        return _implicit_cause(asked)
    for span in reversed(stack):
        if not is_library(span.path):
            break
        style = style_at(span.path, span.line)
        if style is not None:
            return "plan", style or None
    return "call", asked.by or kind


def _operand(
    node: torch.fx.Node, labels: dict[str | None, str], is_backward: bool, source: Callable[[Any], Span | None]
) -> str | None:
    """Return the user's name of the tensor that is communicated, or the text of what computed it.

    A value that the backward pass computes has no text of its own.
    """
    roots = {_root(given, {}) for given in given_to(node)}
    if len(roots) != 1:
        return None
    (root,) = roots
    if root.op == "placeholder":
        return labels.get(root.name)
    span = source(root) if not is_backward else None
    return source_text(span) if span is not None else None


def _root(node: torch.fx.Node, known: dict[torch.fx.Node, torch.fx.Node]) -> torch.fx.Node:
    """Return the tensor whose elements a node has, in another order or a part of them; itself if it has several's."""
    if node not in known:
        roots = {_root(operand, known) for operand in node.all_input_nodes} if arranges(node.target) else set()
        known[node] = roots.pop() if len(roots) == 1 else node
    return known[node]
