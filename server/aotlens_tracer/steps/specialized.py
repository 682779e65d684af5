"""Dimensions that are dynamic by the user's will, and that the code makes constants."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ..graph.compiled_guards import user_place
from ..torch_private import CompiledCall, CompiledGraph, marks_of, specialized_sizes
from ..wire.compile_reasons import SpecializedBy, SpecializedDimension
from ..wire.descriptor_map import DescriptorMap
from ..wire.dynamo_expressions import read_expression
from ..wire.findings import Finding, Subject
from ..wire.places import Span
from .context import Context


def specialized(context: Context, called: CompiledCall) -> list[Finding]:
    """Return the dimensions that were marked dynamic, or all under `dynamic`, and became constants, each once."""
    found: dict[object, Finding] = {}
    for graph in called.graphs:
        for finding in (*_in_code(context, called, graph), *_zero_or_one(context, called, graph)):
            found.setdefault((finding.subjects, finding.reason), finding)
    return list(found.values())


def _in_code(context: Context, called: CompiledCall, graph: CompiledGraph) -> Iterator[Finding]:
    """Yield the sizes that an expression of the code makes constant."""
    if graph.shape_env is None:
        return
    tensors = dict(_tensors(graph))
    for item in specialized_sizes(graph.shape_env):
        value = tensors.get(item.base)
        by = _marked(called, value, item.dimension) if value is not None else None
        span, by_library = user_place(item.stack, context.codebase)
        if by is None and (not context.params.dynamic or by_library or _reads_state(context.draft.map, span)):
            continue  # nobody marked it, or it is the size of a layer: a constant of the model
        yield _finding(context, item.base, item.dimension, item.size, by or "all", span)


def _zero_or_one(context: Context, called: CompiledCall, graph: CompiledGraph) -> Iterator[Finding]:
    """Yield the dimensions that are marked, and have a size that is never a symbol."""
    for base, value in _tensors(graph):
        for dimension, size in enumerate(value.shape):
            if size in (0, 1) and _marked(called, value, dimension) is not None:
                yield _finding(context, base, dimension, int(size), "zero-or-one", None)


def _tensors(graph: CompiledGraph) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors that a graph takes in its first run, by Dynamo's expressions for them."""
    for source, value in zip(graph.sources, graph.runs[0].inputs):
        name = getattr(source, "name", None)
        if isinstance(value, torch.Tensor) and name is not None:
            yield str(name() if callable(name) else name), value


def _marked(called: CompiledCall, value: torch.Tensor, dimension: int) -> SpecializedBy | None:
    """Return how a dimension is marked; None if it is not."""
    strict, weak = marks_of(value)
    if dimension in called.refused_marks.get(id(value), ()):
        return "refused"
    return "marked" if dimension in strict | weak else None


def _reads_state(map: DescriptorMap, span: Span | None) -> bool:
    """Whether a line reads a parameter or buffer, whose size a dimension then has."""
    if span is None:
        return True
    inputs = (slot for graph in map.graphs for slot in graph.inputs if slot.dynamo is not None)
    state = (slot for slot in inputs if slot.dynamo is not None and slot.dynamo.role in ("parameter", "buffer"))
    return any((read.path, read.line) == (span.path, span.line) for slot in state for read in slot.reads)


def _finding(context: Context, base: str, dimension: int, size: int, by: SpecializedBy, span: Span | None) -> Finding:
    target = context.draft.map.target
    name = f"{read_expression(base).name}.size({dimension})"
    place = span or Span(target.path, target.line or 1)
    reason = SpecializedDimension(size, by)
    return Finding("dimension-specialized", place.path, place.line, place.column, (Subject("value", name),), reason)
