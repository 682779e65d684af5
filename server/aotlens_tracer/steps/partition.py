"""The fifth step: partition the joint graphs. That changes them, so the step comes after their description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..wire.descriptor_map import Graph
from .context import Context
from .describe import Described
from .notices import saved_unknown
from .saved import partitioned, totals


def partition_graphs(context: Context, described: Sequence[Described]) -> None:
    """Partition the described graphs, and put what they keep into the draft's; a graph without backward stays."""
    if not any(each.graph.joint for each in described):
        return
    with context.phases.phase("partition", "describe"):
        context.draft.update(graphs=tuple(_partitioned(context, each) for each in described))


def _partitioned(context: Context, described: Described) -> Graph:
    graph, params, joint = described.graph, context.params, described.captured.joint
    if not graph.joint:
        return graph
    if params.compare:
        graph = replace(graph, compared=totals(joint, params.memory_budget))
    partitioner = params.partitioner
    if partitioner == "eager":
        if len(context.draft.map.graphs) == 1:
            return graph
        partitioner = "min-cut"  # what autograd saves belongs to the call, and to none of its graphs
    try:
        return partitioned(joint, graph, described.sources, described.operations, partitioner, params.memory_budget)
    except Exception as error:
        context.draft.add_findings(saved_unknown(context.draft.map.target, False, error))
        return graph
