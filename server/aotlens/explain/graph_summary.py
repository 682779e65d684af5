"""A graph in numbers, and the operations of a line in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aotlens.model.collectives import communication
from aotlens.model.counts import Counts, count, count_all, parameters
from aotlens.model.held import surplus
from aotlens.model.index import MapIndex, index_of
from aotlens.model.kernels import of_kernels
from aotlens.model.lines import Work
from aotlens.model.operations import operator_name
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Operation

from .blocks import Code, Line, joined, line
from .collectives import counted
from .held import alive_in_words
from .kernels import CPU_KERNELS, kernels_in_brief
from .partitioners import choice_in_brief, for_backward
from .phrases import folded_names
from .shapes import bytes_in_words, number_in_brief
from .sharding import per_rank

FORWARD_ONLY = "forward only"
"""Nothing that the call returns has a gradient."""
_NO_WORK = ("getitem", "get_attr")
"""An item of a tuple, a constant or a body costs no work."""
_OPERATIONS = 4
"""The most kinds of operations that are listed."""


def map_in_words(map: DescriptorMap) -> str:
    """`12 inputs · 2 outputs · 8 gradients, 1 missing · 1 mutation · 1.5 MiB saved for backward`.

    Several graphs are counted together, after their number: `3 graphs · 14 inputs`. A parameter that several graphs
    take has one gradient. Gradients that are tensor subclasses: `2 gradients in 4 pieces`.
    """
    index = index_of(map)
    facts = _facts(count_all(index), map.graphs, kernels_in_brief(index))
    if runs := communication(index).runs:
        facts.append(counted(runs))
    return " · ".join([f"{len(map.graphs)} graphs", *facts] if len(map.graphs) > 1 else facts)


def map_in_brief(map: DescriptorMap) -> list[str]:
    """`148 parameters (124.4M)`, `150 inputs`, `1 gradient missing`, `saves 3.1 GiB`: the figures for one short line.

    A map without graphs has its parameters alone. Nothing is said about a map that has neither.
    """
    index = index_of(map)
    tensors, elements = parameters(map)
    size = f" ({number_in_brief(elements)})" if elements is not None else ""
    facts = [_number(tensors, "parameter") + size] if tensors else []
    if not map.graphs:
        return facts
    if len(map.graphs) > 1:
        facts.append(f"{len(map.graphs)} graphs")
    counts = count_all(index)
    facts.append(_number(counts.inputs, "input"))
    if runs := communication(index).runs:
        facts.append(counted(runs))
    if not any(graph.joint for graph in map.graphs):
        return [*facts, FORWARD_ONLY]
    if counts.missing:
        facts.append(f"{_number(counts.missing, 'gradient')} missing")
    if counts.saved is not None:
        choice = next((choice_in_brief(graph) for graph in map.graphs if graph.partitioner is not None), "")
        saves = f"saves {bytes_in_words(counts.saved)}{per_rank(map.graphs)}"
        facts.append(" ".join(filter(None, (saves, choice, kernels_in_brief(index)))))
    return facts


def graph_facts(graph: Graph, index: MapIndex) -> list[str]:
    """The numbers of a graph, each in a few words."""
    return _facts(count(graph, index.gradients(graph)), [graph], CPU_KERNELS if of_kernels(index, graph) else "")


def _facts(counts: Counts, graphs: Sequence[Graph], kernels: str) -> list[str]:
    parts = [_number(counts.inputs, "input"), _number(counts.outputs, "output")]
    has_backward = any(graph.joint for graph in graphs)
    if has_backward:
        missing = f", {counts.missing} missing" if counts.missing else ""
        parts.append(
            _number(counts.gradients, "gradient") + _in_pieces(counts.gradients, counts.gradient_slots) + missing
        )
    else:
        parts.append(FORWARD_ONLY)
    if counts.mutations:
        parts.append(_number(counts.mutations, "mutation") + _in_pieces(counts.mutations, counts.mutation_slots))
    if counts.saved is not None and has_backward:
        memory = surplus(graphs[0]) if len(graphs) == 1 else None
        alive = f", {alive_in_words(memory)}" if memory is not None else ""
        saved = f"{bytes_in_words(counts.saved)}{per_rank(graphs)} saved {for_backward(*graphs)}"
        parts.append(" ".join(filter(None, (saved, kernels))) + alive)
    return parts


def _in_pieces(values: int, slots: int) -> str:
    """` in 4 pieces`, for values that take more slots than one each: some of them are tensor subclasses."""
    return f" in {slots} pieces" if slots > values else ""


def operation_facts(operations: Sequence[Operation]) -> list[Line]:
    """Forward `addmm`, 2 views · backward 2 × `mm`, `sum`, 3 views; each pass that has operations is one fact."""
    parts = []
    for direction, backward in (("forward", False), ("backward", True)):
        mine = [operation for operation in operations if operation.backward is backward]
        work = [each.op for each in mine if not each.is_view and each.op not in _NO_WORK]
        counts = Counter(map(operator_name, work)).most_common()
        listed = [line(f"{number} × " if number > 1 else "", Code(name)) for name, number in counts[:_OPERATIONS]]
        if len(counts) > _OPERATIONS:
            listed.append(line("…"))
        if views := sum(operation.is_view for operation in mine):
            listed.append(line(_number(views, "view")))
        if listed:
            parts.append(line(f"{direction} ", joined(listed)))
    return parts


def inside_facts(work: Work, modules: Sequence[str], graphs: Sequence[Graph]) -> list[Line]:
    """Inside `blocks.{0..5}`: 60 forward and 90 backward operations · saves 1.5 MiB for backward."""
    number = sum(1 for operation in work.operations if not operation.backward)
    counts = [f"{number} forward"] if number else []
    if backward := len(work.operations) - number:
        counts.append(f"{backward} backward")
    noun = "operation" if len(work.operations) == 1 else "operations"
    facts = [line("inside ", folded_names(modules) or "of it", f": {' and '.join(counts)} {noun}")]
    if total := sum(value.bytes or 0 for value in work.saved):
        facts.append(line(f"saves {bytes_in_words(total)}{per_rank(graphs)} {for_backward(*graphs)}"))
    return facts


def _number(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")
