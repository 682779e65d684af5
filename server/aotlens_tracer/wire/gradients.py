"""The outputs that hold the gradient of an input, by the pairings of its graph: its own, or that of another name."""

from __future__ import annotations

from .graphs import Descriptor, Graph, Input


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
        outputs = [index for other in graph.inputs if _parameter(other) == name for index in own_gradient(other, graph)]
        if outputs:
            return name, tuple(dict.fromkeys(outputs))
    return None


def _parameter(slot: Input) -> object:
    """Return the name of the parameter that an input is, or is a piece of; None for another input."""
    descriptor = slot.as_descriptor()
    while descriptor is not None and isinstance(base := descriptor.fields.get("base"), Descriptor):
        descriptor = base
    return descriptor.fields.get("target") if descriptor is not None else None
