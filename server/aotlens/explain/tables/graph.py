"""The tables of one graph. Repeated rows are folded unless `full`."""

from __future__ import annotations

from aotlens.explain.blocks import Table
from aotlens.explain.paths import PathLabel
from aotlens.model.guards import shown_guards
from aotlens.model.held import surplus
from aotlens.model.index import MapIndex
from aotlens.model.signature import differences
from aotlens.model.sizes import named_sizes
from aotlens_tracer.wire.descriptor_map import Graph

from .collectives import communication_table
from .guards import guard_table
from .held import held
from .inputs import inputs
from .outputs import outputs
from .prices import price_table
from .saved import saved
from .signature import signature
from .sizes import sizes
from .subclasses import subclasses


def tables(index: MapIndex, graph: Graph, path_label: PathLabel, full: bool = False) -> list[Table]:
    """The tables of one graph of a map. Inputs and outputs are always shown, other tables only if they have rows."""
    result = [inputs(index, graph, path_label, full), outputs(index, graph, path_label, full)]
    if named_sizes(graph):
        result.append(sizes(graph, path_label, full))
    if graph.saved is not None:
        result.append(saved(index, graph, path_label, full))
    if (memory := surplus(graph)) is not None:
        result.append(held(memory, path_label, full))
    if (communicated := communication_table(index, graph)) is not None:
        result.append(communicated)
    if costs := index.prices(graph):
        result.append(price_table(costs, graph, full))
    if found := differences(graph, brief=not full):
        result.append(signature(found, path_label))
    if guards := shown_guards(graph, full):
        result.append(guard_table(guards, path_label))
    if graph.subclasses:
        result.append(subclasses(graph, full))
    return result
