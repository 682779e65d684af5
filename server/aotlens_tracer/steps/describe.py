"""The fourth step: describe the inputs, outputs and operations of the captured joint graph."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..eager.gradient_reasons import eager_reasons
from ..examples.guards import guarded
from ..examples.ladder import FOUND_SECONDS
from ..findings.gradient_paths import reasons
from ..findings.of_graph import Why
from ..findings.zero_gradients import zero_gradients
from ..graph.describe import Named, describe
from ..graph.in_place import with_places_of_changes
from ..graph.operations import Operations
from ..graph.stack_traces import Sources
from ..wire.descriptor_map import Graph
from ..wire.findings import NoGradient
from ..wire.zero_gradients import AlwaysZero
from .build_example import Built, is_given
from .capture import Captured
from .context import Context


@dataclass(frozen=True)
class Described:
    """The graph, its operations, and the name of the traced function.

    `why` answers why an input gets no gradient; `why_in_eager` also makes the call in eager, if the graph does not say
    it. `zeros` are the nodes of gradients that are always zero.
    """

    graph: Graph
    operations: Operations
    called: str
    why: Why
    why_in_eager: Why
    zeros: Mapping[str, AlwaysZero]


def describe_graph(context: Context, built: Built, captured: Captured, sources: Sources) -> Described:
    """Describe the captured graph, and send it ahead."""
    example = built.example
    named = Named(example.function, example.args, example.kwargs, example.module, context.birthplaces)
    dynamo_graph = captured.joint.dynamo_graph if captured.capture == "dynamo" else None
    operations = Operations(example.module, sources, dynamo_graph)
    with context.phases.phase("describe"):
        graph = describe(captured.joint, captured.capture, named, sources, operations)
        if captured.capture == "dynamo":
            graph = with_places_of_changes(graph, captured.joint, named, sources)
        zeros = zero_gradients(captured.joint.graph_module.graph, sources.of_node)
    context.draft.update(graphs=(graph,))
    context.draft.send_stage("joint", "graphs")

    def in_eager() -> Callable[[Any], NoGradient] | None:
        try:
            with contextlib.nullcontext() if is_given(built.source) else guarded(FOUND_SECONDS):
                return eager_reasons(example, named.called, context.codebase)
        except BaseException:  # it reads data, it was called once too often, or it raises SystemExit
            return None

    why, why_in_eager = reasons(captured.joint, named, sources, captured.capture == "dynamo", in_eager)
    return Described(graph, operations, named.called, why, why_in_eager, zeros)
