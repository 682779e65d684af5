"""The fifth step: partition the joint graph. That changes it, so the step comes after its description."""

from __future__ import annotations

from dataclasses import replace

from ..graph.stack_traces import Sources
from .capture import Captured
from .context import Context
from .describe import Described
from .notices import saved_unknown
from .saved import partitioned, totals


def partition_graph(context: Context, captured: Captured, described: Described, sources: Sources) -> None:
    """Partition the described graph, and put what it keeps into the draft's; a graph without backward stays."""
    graph, params = described.graph, context.params
    if not graph.joint:
        return
    with context.phases.phase("partition", "describe"):
        if params.compare:
            graph = replace(graph, compared=totals(captured.joint, params.memory_budget))
        if params.partitioner != "eager":
            budget = params.memory_budget
            try:
                graph = partitioned(captured.joint, graph, sources, described.operations, params.partitioner, budget)
            except Exception as error:
                context.draft.add_findings(saved_unknown(context.draft.map.target, False, error))
    context.draft.update(graphs=(graph,))
