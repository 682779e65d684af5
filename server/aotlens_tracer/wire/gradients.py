"""The outputs that hold the gradient of an input, by the pairings of its graph: its own, or that of another name."""

from __future__ import annotations

from .graphs import Graph, Input
from .input_roles import fqns_of, path_of, role_of, whole_label


def own_gradient(slot: Input, graph: Graph) -> tuple[int, ...]:
    """Return the indices of the outputs that hold the gradient of an input; empty if it has none of its own."""
    if slot.gradient_pieces:
        return slot.gradient_pieces
    if slot.gradient is None or graph.outputs[slot.gradient].node is None:
        return ()
    return (slot.gradient,)


def tied_gradient(slot: Input, graph: Graph) -> tuple[str, tuple[int, ...]] | None:
    """Return the name under which the gradient of a tied parameter is returned, and the indices of its outputs.

    The same for a tensor that is passed as several arguments.

    Of several such names it is the first in `tied_to`; for a piece of a tensor subclass, the outputs are those of the
    same piece. None if the input is not tied, or no other name has a gradient.
    """
    for name in slot.tied_to:
        for other in graph.inputs:
            if name in _names(other) and _path(other) == _path(slot) and (outputs := own_gradient(other, graph)):
                return name, outputs
    return None


def _names(slot: Input) -> tuple[str, ...]:
    return (whole_label(slot),) if role_of(slot) == "argument" else fqns_of(slot)


def _path(slot: Input) -> tuple[tuple[str, object], ...]:
    descriptor = slot.as_descriptor()
    return path_of(descriptor) if descriptor is not None else ()
