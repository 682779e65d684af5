"""The fourth step: describe the inputs, outputs and operations of the captured joint graphs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..eager.gradient_reasons import eager_reasons
from ..examples.guards import guarded
from ..examples.ladder import FOUND_SECONDS
from ..findings.gradient_paths import reasons
from ..findings.of_graph import Why
from ..findings.zero_gradients import zero_gradients
from ..graph.describe import Named, describe, linked
from ..graph.handed_tangents import with_handed_tangents
from ..graph.in_place import with_places_of_changes
from ..graph.operations import Operations
from ..graph.stack_traces import Sources
from ..graph.symbols import with_symbols
from ..wire.descriptor_map import Graph
from ..wire.findings import NoGradient
from ..wire.zero_gradients import AlwaysZero
from .build_example import Built, is_given
from .capture import Captured, CapturedGraph
from .context import Context
from .marked_sizes import marked_sizes


@dataclass(frozen=True)
class Described:
    """A captured graph as the map has it, its operations, and the sources that its frames came from.

    `why` answers why an input gets no gradient; `why_in_eager` also makes the call in eager, if the graph does not say
    it. `zeros` are the nodes of gradients that are always zero.
    """

    captured: CapturedGraph
    graph: Graph
    sources: Sources
    operations: Operations
    why: Why
    why_in_eager: Why
    zeros: Mapping[str, AlwaysZero]


def describe_graphs(context: Context, built: Built, captured: Captured) -> tuple[Described, ...]:
    """Describe the captured graphs, and send them ahead."""
    with context.phases.phase("describe"):
        found = [_described(context, built, graph) for graph in captured.graphs]
        graphs = linked([each.graph for each in found])
        if captured.compiled is not None:
            graphs = with_handed_tangents(graphs, captured.compiled.graphs, captured.compiled.result)
        described = tuple(replace(each, graph=graph) for each, graph in zip(found, graphs, strict=True))
    context.draft.update(graphs=tuple(each.graph for each in described))
    context.folding.stop()  # from now on, a provisional map says nothing new
    context.draft.send_stage("joint", "graphs")
    return described


def _described(context: Context, built: Built, captured: CapturedGraph) -> Described:
    example, joint, is_of_dynamo = built.example, captured.joint, captured.capture == "dynamo"
    module = example.module
    named = Named(
        captured.called,
        captured.labels,
        module,
        context.birthplaces,
        captured.dynamo,
        captured.compiled,
        captured.internal,
    )
    sources = Sources(context.codebase)
    operations = Operations(module, sources, joint.dynamo_graph if is_of_dynamo else None, captured.owner)
    graph = describe(joint, captured.capture, named, sources, operations)
    if is_of_dynamo:
        graph = with_places_of_changes(graph, joint, sources)
    graph = with_symbols(graph, joint, marked_sizes(built), sources)
    zeros = zero_gradients(joint.graph_module.graph, sources.of_node)

    def in_eager() -> Callable[[Any], NoGradient] | None:
        return reasons_in_eager(context, built, named.called)

    why, why_in_eager = reasons(joint, graph, named, sources, is_of_dynamo, in_eager)
    return Described(captured, graph, sources, operations, why, why_in_eager, zeros)


def reasons_in_eager(context: Context, built: Built, called: str) -> Callable[[Any], NoGradient] | None:
    """Make the call in eager; return what says why one of its tensors gets no gradient. None if it cannot be made."""
    try:
        with contextlib.nullcontext() if is_given(built.source) else guarded(FOUND_SECONDS):
            return eager_reasons(built.example, called, context.codebase)
    except BaseException:  # it reads data, it was called once too often, or it raises SystemExit
        return None
