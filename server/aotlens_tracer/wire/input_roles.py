"""The role of an input of a graph: one answer for both calling conventions.

In the export convention torch's descriptor says it (`ParamAOTInput`). Under torch.compile all inputs are plain inputs
(`PlainAOTInput`), and the place from which Dynamo takes the input says it. Standard library only.
"""

from __future__ import annotations

from typing import Literal

from .compiled import SourceRole
from .graphs import Descriptor, Input

InputRole = Literal[SourceRole, "tangent"]
"""The roles of an input: those of Dynamo's sources, and tangent. What AOTAutograd adds itself is `other`."""

_ROLES: dict[str, InputRole] = {
    "ParamAOTInput": "parameter",
    "BufferAOTInput": "buffer",
    "PlainAOTInput": "argument",
    "TangentAOTInput": "tangent",
}


def role_of(slot: Input) -> InputRole:
    """Return the role of an input, or of the tensor subclass that it is a piece of."""
    descriptor = slot.as_descriptor()
    if descriptor is None:
        return "other"
    kind = owner_of(descriptor).kind
    if slot.dynamo is not None and kind == "PlainAOTInput":
        return slot.dynamo.role
    return _ROLES.get(kind, "other")


def fqns_of(slot: Input) -> tuple[str, ...]:
    """Return the names of the parameters or buffers that an input is, or is a piece of; empty for other inputs.

    There are several if the graph runs again for other modules. The first is that of its first run.
    """
    role, descriptor = role_of(slot), slot.as_descriptor()
    if descriptor is None or role not in ("parameter", "buffer"):
        return ()
    if slot.dynamo is not None:
        return (slot.dynamo.name, *slot.dynamo.others)
    target = owner_of(descriptor).fields.get("target")
    return (target,) if isinstance(target, str) else ()


def owner_of(descriptor: Descriptor) -> Descriptor:
    """Return the descriptor of the tensor subclass that a descriptor is a piece of; of no piece, itself."""
    while descriptor.kind.startswith("Subclass") and isinstance(base := descriptor.fields.get("base"), Descriptor):
        descriptor = base
    return descriptor
