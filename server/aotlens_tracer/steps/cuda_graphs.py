"""Causes that keep the graphs of torch.compile out of CUDA graphs (`mode="reduce-overhead"`), if the model is on a GPU.

The effects were measured on a GPU: `tests/gpu/cuda_graph_blockers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from ..graph.stack_traces import source_text
from ..torch_private import CompiledCall, CompiledGraph, off_graph, unsafe_nodes
from ..wire.compile_reasons import BlockedBy, Effect, NoCudaGraph
from ..wire.descriptor_map import Graph, Input
from ..wire.findings import Finding, Place, Subject
from ..wire.input_roles import whole_label
from ..wire.places import Span
from .context import Context
from .describe import Described

_NAMES_CPU = re.compile(r"""\.cpu\(|["']cpu["']""")
_GIVEN = ("argument", "global", "closure", "other")
"""The roles of inputs whose memory is another one in each call, for all that torch knows."""


def cuda_graph_blockers(
    context: Context, called: CompiledCall, described: Sequence[Described], module: nn.Module | None
) -> list[Finding]:
    """Return what keeps a graph, or a part of it, out of CUDA graphs, each once."""
    found: dict[object, Finding] = {}
    for graph, known in zip(called.graphs, described, strict=True):
        for finding in (
            *_changed_inputs(context, known.graph),
            *_operations(context, graph, known),
            *_kept_results(context, graph, known.graph, called, module),
        ):
            found.setdefault((finding.path, finding.line, finding.subjects, finding.reason), finding)
    return list(found.values())


def _changed_inputs(context: Context, graph: Graph) -> Iterator[Finding]:
    """Yield the inputs that the graph changes in place, and that are no state of a module."""
    for slot in graph.inputs:
        if slot.is_written and slot.dynamo is not None and slot.dynamo.role in _GIVEN:
            first, *others = slot.changed_at or (None,)
            places = tuple(Place("change", span) for span in others if span is not None)
            yield _finding(context, first, "changed-input", "skipped", whole_label(slot), places)


def _operations(context: Context, graph: CompiledGraph, known: Described) -> Iterator[Finding]:
    """Yield the operations that are in no CUDA graph."""
    for node, cause in off_graph(graph.joint.dynamo_graph.graph):
        span = known.sources.of_node(node)
        text = source_text(span) if span is not None else None
        if span is not None and text is not None and (cause != "cpu" or _NAMES_CPU.search(text)):
            yield _finding(context, span, cause, "skipped" if cause == "branch" else "split", text)
    for node in unsafe_nodes(graph.joint.graph_module.graph):
        span = known.sources.of_node(node)
        if span is not None:
            yield _finding(context, span, "unsafe", "split", str(node.target))
    for slot in known.graph.inputs:
        role = slot.dynamo.role if slot.dynamo is not None else None
        if role == "attribute" and slot.shape == ():
            yield _finding(context, _place(slot), "attribute", "split", whole_label(slot))


def _kept_results(
    context: Context, graph: CompiledGraph, known: Graph, called: CompiledCall, module: nn.Module | None
) -> Iterator[Finding]:
    """Yield the state that the call reads and gives a new tensor, a result of one of its graphs."""
    results = {id(value) for each in called.graphs for run in each.runs for value in run.outputs}
    for source, slot, value in zip(graph.sources, known.inputs, graph.runs[0].inputs):
        if slot.dynamo is None or slot.dynamo.role not in ("attribute", "buffer") or module is None:
            continue
        now = _now(source, module)
        if isinstance(now, torch.Tensor) and now is not value and id(now) in results:
            yield _finding(context, _place(slot), "kept-result", "fails", whole_label(slot))


def _now(source: Any, module: nn.Module) -> Any:
    """Return what is in the place of an input after the call; None if that is not known."""
    name = source.name() if callable(source.name) else source.name
    try:
        return eval(name, {"L": {"self": module}}) if name.startswith("L['self']") else None
    except Exception:
        return None


def _place(slot: Input) -> Span | None:
    return next(iter(slot.reads), slot.definition)


def _finding(
    context: Context,
    span: Span | None,
    cause: BlockedBy,
    effect: Effect,
    name: str,
    places: tuple[Place, ...] = (),
) -> Finding:
    target = context.draft.map.target
    place = span or Span(target.path, target.line or 1)
    reason = NoCudaGraph(cause, effect)
    subject = (Subject("value", name),)
    return Finding("cuda-graph-blocker", place.path, place.line, place.column, subject, reason, places)
