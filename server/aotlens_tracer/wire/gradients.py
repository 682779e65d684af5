"""The outputs that hold the gradient of an input, by the pairings of its graph: its own, or that of another name."""

from __future__ import annotations

from .graphs import Graph, Input
from .input_roles import fqns_of


def own_gradient(slot: Input, graph: Graph) -> tuple[int, ...]:
    """Return the indices of the outputs that hold the gradient of an input; empty if it has none of its own."""
    if slot.gradient_pieces:
        return slot.gradient_pieces
    if slot.gradient is None or graph.outputs[slot.gradient].node is None:
        return ()
    return (slot.gradient,)


def tied_gradient(slot: Input, graph: Graph) -> tuple[str, tuple[int, ...]] | None:
    """Return the name under which the gradient of a tied parameter is returned, and the indices of its outputs.

    Of several such names it is the first in `tied_to`. None if the input is not tied, or no other name has a gradient.
    """
    for name in slot.tied_to:
        outputs = [index for other in graph.inputs if name in fqns_of(other) for index in own_gradient(other, graph)]
        if outputs:
            return name, tuple(dict.fromkeys(outputs))
    return None
