"""The values that a call takes in: parameters, buffers and arguments, the pieces of a tensor subclass as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..graph.descriptors import piece_path
from ..wire.descriptor_map import Graph, Input, Span
from ..wire.findings import Finding, Place, Reason, Subject
from ..wire.gradients import own_gradient, tied_gradient
from ..wire.input_roles import role_of, whole_label

_KINDS = ("parameter", "buffer", "argument")
"""The roles of inputs that are kinds of a subject."""


@dataclass(frozen=True)
class Value:
    """An input of the call: one slot, or the pieces of a tensor subclass. `kind` is a subject's, or None."""

    kind: str | None
    name: str
    pieces: tuple[Input, ...]

    @property
    def first(self) -> Input:
        return self.pieces[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that it is: a graph that runs again for another module takes another parameter there."""
        return (self.name, *(self.first.dynamo.others if self.first.dynamo is not None else ()))

    @property
    def requires_grad(self) -> bool:
        return any(piece.requires_grad or (piece.dynamo and piece.dynamo.needs_gradient) for piece in self.pieces)

    @property
    def mutations(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(piece.mutation for piece in self.pieces if piece.mutation is not None))

    @property
    def is_changed(self) -> bool:
        """Whether the call changes it in place."""
        return bool(self.mutations) or any(piece.is_written for piece in self.pieces)

    def finding(self, code: str, place: Span, reason: Reason | None = None, places: Sequence[Place] = ()) -> Finding:
        subject = Subject(self.kind or "base", self.name)
        if self.first.set_at is not None:
            places = (*places, Place("set", self.first.set_at))
        return Finding(code, place.path, place.line, place.column, (subject,), reason, tuple(places), self.mutations)


def values_of(graph: Graph) -> list[Value]:
    """Return the inputs of a graph, the pieces of each tensor subclass together, in the order of their first pieces."""
    groups: dict[object, list[Input]] = {}
    kinds: dict[object, str | None] = {}
    for slot in graph.inputs:
        descriptor = slot.as_descriptor()
        root = piece_path(descriptor)[0] if descriptor is not None else None
        key: object = root.descriptor if root is not None else slot.index
        if slot.dynamo is not None and slot.dynamo.piece:  # torch.compile's graph may take each piece as a tensor
            key = role_of(slot), whole_label(slot)
        groups.setdefault(key, []).append(slot)
        role = role_of(slot)
        kinds[key] = role if role in _KINDS else None
    return [Value(kinds[key], whole_label(slots[0]), tuple(slots)) for key, slots in groups.items()]


def has_gradient(value: Value, graph: Graph) -> bool:
    """Whether an input has a gradient, or shares that of another name: a tied parameter has one for all its names."""
    return any(own_gradient(slot, graph) or tied_gradient(slot, graph) is not None for slot in value.pieces)
