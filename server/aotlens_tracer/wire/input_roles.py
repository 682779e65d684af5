"""The role of an input of a graph: one answer for both calling conventions.

In the export convention torch's descriptor says it (`ParamAOTInput`). Under torch.compile all inputs are plain inputs
(`PlainAOTInput`), and the place from which Dynamo takes the input says it. Standard library only.
"""

from __future__ import annotations

from typing import Literal

from .compiled import SourceRole
from .graphs import Descriptor, Input, Slot

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


def path_of(descriptor: Descriptor) -> tuple[tuple[str, object], ...]:
    """Return the steps from a tensor subclass to the piece that a descriptor is: (('attr', 'a'), ('size', 0)).

    There are none if it is no piece. The subclass itself is `owner_of`.
    """
    steps: list[tuple[str, object]] = []
    while descriptor.kind.startswith("Subclass") and isinstance(base := descriptor.fields.get("base"), Descriptor):
        kind = "attr" if "attr" in descriptor.fields else "size" if "Size" in descriptor.kind else "stride"
        steps.append((kind, descriptor.fields.get("attr", descriptor.fields.get("idx"))))
        descriptor = base
    return tuple(reversed(steps))


def path_text(descriptor: Descriptor) -> str:
    """Return these steps as an expression of Python: `.a`, `.size(0)`; empty if it is no piece."""
    return "".join(f".{name}" if kind == "attr" else f".{kind}({name})" for kind, name in path_of(descriptor))


def whole_label(slot: Slot) -> str:
    """Return the label of the value that a slot is, or is a piece of: `x` for `x.a` and for `x.size(0)`."""
    descriptor = slot.as_descriptor()
    label = slot.label.removesuffix(path_text(descriptor) if descriptor is not None else "")
    if isinstance(slot, Input) and slot.dynamo is not None:
        label = label.removesuffix(slot.dynamo.piece)
    return label or slot.label
