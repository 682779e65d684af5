"""The partitioner that chose the saved values, in words."""

from __future__ import annotations

from aotlens_tracer.wire.descriptor_map import Graph, SavedTotal


def choice_in_brief(graph: Graph) -> str:
    """`in eager`, `at a memory budget of 0.5`: an addition to a number of bytes; empty for torch.compile's choice."""
    if graph.partitioner == "eager":
        return "in eager"
    if graph.partitioner == "default":
        return "by the default partitioner"
    return f"at a memory budget of {graph.memory_budget:g}" if graph.memory_budget not in (None, 1) else ""


def for_backward(*graphs: Graph) -> str:
    """`for backward`, followed by the choice of partitioner if it is not the usual one: `for backward in eager`.

    Of the graphs of one map, all that have a backward part have the same.
    """
    choice = next((choice_in_brief(graph) for graph in graphs if graph.partitioner is not None), "")
    return " ".join(filter(None, ("for backward", choice)))


def choice_in_words(graph: Graph) -> str:
    """A sentence about the partitioner that chose the saved values of a graph."""
    if graph.partitioner == "eager":
        doubt = ": code that asks for fake tensors, or for data, may save others" if graph.eager_on == "fake" else ""
        kernels = f" {devices_in_words(graph)}" if graph.devices else ""
        return (
            f"Saved by autograd in eager, without torch.compile, as seen on {graph.eager_on} tensors{kernels}{doubt}."
        )
    which = "default" if graph.partitioner == "default" else "min-cut"
    budget = choice_in_brief(graph) if which == "min-cut" else ""
    which = f"torch's {which} partitioner" + (f" {budget}" if budget else "")
    kernels = f", {devices_in_words(graph)}" if graph.devices else ""
    return f"By {which}, on AOTAutograd's own graph, before Inductor's decompositions{kernels}."


def devices_in_words(graph: Graph) -> str:
    """`with CPU kernels`, `with CPU and CUDA kernels`: those of a graph's devices; empty if these are not known."""
    return f"with {' and '.join(device.upper() for device in graph.devices)} kernels" if graph.devices else ""


def name_of_choice(total: SavedTotal | Graph) -> str:
    """`eager`, `min-cut`, `min-cut, memory budget 0.5`."""
    name = total.partitioner or ""
    return f"{name}, memory budget {total.memory_budget:g}" if total.memory_budget not in (None, 1) else name
