"""Inputs and outputs together with the graph that they belong to, and the questions that one slot answers."""

from __future__ import annotations

from dataclasses import dataclass

from aotlens_tracer.wire.descriptor_map import Graph, Input, Operation, Output, Slot, Span
from aotlens_tracer.wire.input_roles import fqns_of, role_of, whole_label

from .descriptors import piece


@dataclass(frozen=True, eq=False)
class Entry:
    """An input in its graph."""

    graph: Graph
    slot: Input

    @property
    def gradient(self) -> Output | None:
        """The output slot for its gradient, which may be empty; None if it has no such slot."""
        return self.graph.outputs[self.slot.gradient] if self.slot.gradient is not None else None

    @property
    def mutation(self) -> Output | None:
        """The output slot for its new value; None if it is not changed in place."""
        return self.graph.outputs[self.slot.mutation] if self.slot.mutation is not None else None


@dataclass(frozen=True, eq=False)
class Result:
    """An output in its graph."""

    graph: Graph
    slot: Output

    @property
    def tangent(self) -> Input | None:
        """The input slot for its incoming gradient; None if it has none."""
        return self.graph.inputs[self.slot.tangent] if self.slot.tangent is not None else None


@dataclass(frozen=True, eq=False)
class Step:
    """An operation in its graph."""

    graph: Graph
    operation: Operation


def fqn_of(slot: Slot) -> str | None:
    """The fully qualified name of the parameter or buffer that a slot is, or is a piece of; None for other slots."""
    return next(iter(fqns_of(slot)), None) if isinstance(slot, Input) else None


def state_names(slot: Input) -> tuple[str, ...]:
    """The names in the module tree of the tensor that an input is, or is a piece of; empty if it is not in the tree.

    A tensor that a module keeps as a plain attribute is in the tree as well. There are several names if the graph runs
    again for other modules.
    """
    if slot.dynamo is not None and role_of(slot) == "attribute":
        return tuple(name.removeprefix("self.") for name in (slot.dynamo.name, *slot.dynamo.others))
    return fqns_of(slot)


def made_at(slot: Input) -> Span | None:
    """The place that made the parameter or buffer that an input is, or that computed the local; None if not known."""
    return slot.definition or (slot.dynamo.made_at if slot.dynamo is not None else None)


def whole_name(slot: Slot) -> str:
    """The user's name for the value that a slot is, or is a piece of: `x` for the slot `x.a`."""
    return fqn_of(slot) or whole_label(slot)


def is_unused(slot: Input) -> bool:
    """Whether the traced call never uses an input, nor the same parameter under another name.

    False for a mesh: the graph has one for each DTensor, and reads the first one for all of them.
    """
    return slot.used is False and (slot.dtype is not None or slot.symbol is not None)


def is_changed(slot: Input) -> bool:
    """Whether the traced call changes an input in place, not only other pieces of the same tensor subclass."""
    return (slot.mutation is not None and not slot.is_unchanged) or slot.is_written


def is_returned(slot: Output) -> bool:
    """Whether the user's code returns an output, whole or as a piece of a tensor subclass."""
    descriptor = slot.as_descriptor()
    return descriptor is not None and piece(descriptor)[1].kind == "PlainAOTOutput"
