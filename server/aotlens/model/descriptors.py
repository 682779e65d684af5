"""Facts about torch's descriptor classes: the stage of AOTAutograd that makes each, and pieces of tensor subclasses.

The source is torch 2.13, `torch/_functorch/_aot_autograd/descriptors.py`. `STAGES` is the one table of its classes; a
class of a newer torch that is not in it belongs to the stage "unknown".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from aotlens_tracer.wire.descriptor_map import Descriptor, Graph, Input
from aotlens_tracer.wire.input_roles import InputRole, owner_of, path_text, role_of


class Label(NamedTuple):
    """The user's own name for an input or output of a graph, `batch['mask']`, and what it is."""

    text: str
    role: InputRole | Literal["output"]


Labels = Mapping[str, Label]
"""From the repr of a descriptor to the user's own name for it: {"PlainAOTInput(idx=1)": ("batch['mask']", "argument")}.
"""

CONVENTION = "original calling convention"
BASES = "synthetic base handling"
ALIASING = "mutation and alias handling"
AUTOGRAD = "joint graph creation"
SUBCLASSES = "subclass unwrapping"
TOKENS = "effect tokens"
RNG = "functionalized RNG"
PARTITIONER = "partitioner"
NO_STAGE = "none"
"""For placeholders: torch uses them where it needs a descriptor and has none."""

STAGES: Mapping[str, str] = MappingProxyType(
    {
        "ParamAOTInput": CONVENTION,
        "BufferAOTInput": CONVENTION,
        "DummyAOTInput": NO_STAGE,
        "PlainAOTInput": CONVENTION,
        "SubclassGetAttrAOTInput": SUBCLASSES,
        "SubclassSizeAOTInput": SUBCLASSES,
        "SubclassStrideAOTInput": SUBCLASSES,
        "ViewBaseAOTInput": BASES,
        "SyntheticBaseAOTInput": BASES,
        "PhiloxForwardSeedAOTInput": RNG,
        "PhiloxForwardBaseOffsetAOTInput": RNG,
        "PhiloxBackwardSeedAOTInput": RNG,
        "PhiloxBackwardBaseOffsetAOTInput": RNG,
        "ForwardTokenAOTInput": TOKENS,
        "BackwardTokenAOTInput": TOKENS,
        "TangentAOTInput": AUTOGRAD,
        "PlainAOTOutput": CONVENTION,
        "InputMutationAOTOutput": ALIASING,
        "IntermediateBaseAOTOutput": ALIASING,
        "MetadataMutationAOTOutput": BASES,
        "GradAOTOutput": AUTOGRAD,
        "PhiloxUpdatedForwardOffsetAOTOutput": RNG,
        "PhiloxUpdatedBackwardOffsetAOTOutput": RNG,
        "ForwardTokenAOTOutput": TOKENS,
        "BackwardTokenAOTOutput": TOKENS,
        "SubclassGetAttrAOTOutput": SUBCLASSES,
        "SubclassSizeAOTOutput": SUBCLASSES,
        "SubclassStrideAOTOutput": SUBCLASSES,
        "DummyAOTOutput": NO_STAGE,
        "SavedForBackwardsAOTOutput": PARTITIONER,
        "SavedForBackwardsNoVcCheckAOTOutput": PARTITIONER,
    }
)
"""The classes of `descriptors.py`, each with the stage of AOTAutograd that introduces it."""

STATE = frozenset({"ParamAOTInput", "BufferAOTInput"})
"""The classes of parameters and buffers. Only the export convention has them."""

DIFFERENTIABLE = frozenset(
    {
        "ParamAOTInput",
        "BufferAOTInput",
        "PlainAOTInput",
        "ViewBaseAOTInput",
        "SyntheticBaseAOTInput",
        "TangentAOTInput",
        "PlainAOTOutput",
        "InputMutationAOTOutput",
        "IntermediateBaseAOTOutput",
        "MetadataMutationAOTOutput",
        "GradAOTOutput",
    }
)
"""The classes that derive from `DifferentiableAOTInput` or `DifferentiableAOTOutput`."""


def stage(kind: str) -> str:
    """The stage of AOTAutograd that introduces descriptors of this class; "unknown" for a class that is not known."""
    return STAGES.get(kind, "unknown")


def is_instance(kind: str, classes: Iterable[str]) -> bool:
    """Whether a descriptor of a class is an instance of one of some classes, base classes among them."""
    side = "AOTInput" if kind.endswith("AOTInput") else "AOTOutput"
    of = {kind, side, f"Differentiable{side}"} if kind in DIFFERENTIABLE else {kind, side}
    return not of.isdisjoint(classes)


def piece(descriptor: Descriptor) -> tuple[str, Descriptor]:
    """The path from a tensor subclass to one of its pieces (`._local_tensor`, `.size(0)`), and the subclass.

    The path is empty and the descriptor itself is returned if it is not a piece.
    """
    return path_text(descriptor), owner_of(descriptor)


def wholes_around(descriptor: Descriptor | None) -> Iterator[Descriptor]:
    """Yield the tensor subclasses that a descriptor is a piece of, from the inside; none for a whole value."""
    while descriptor is not None and stage(descriptor.kind) == SUBCLASSES:
        base = descriptor.fields.get("base")
        descriptor = base if isinstance(base, Descriptor) else None
        if descriptor is not None:
            yield descriptor


def labels_of(graph: Graph) -> dict[str, Label]:
    """The user's own names for the arguments and outputs of a graph, by the repr of their descriptors.

    A tensor subclass has no slot of its own, only its pieces have, and a vanished argument has none at all: their names
    come from the labels of the pieces and from the list of vanished arguments.
    """
    labels: dict[str, Label] = {}
    for slot in (*graph.inputs, *graph.outputs):
        descriptor = slot.as_descriptor()
        if descriptor is None:
            continue
        suffix, owner = piece(descriptor)
        if owner.kind in ("PlainAOTInput", "PlainAOTOutput") and slot.label.endswith(suffix):
            label = slot.label[: len(slot.label) - len(suffix)]
            if label:
                role: InputRole | Literal["output"] = role_of(slot) if isinstance(slot, Input) else "output"
                labels.setdefault(owner.descriptor, Label(label, role))
    for gone in graph.vanished:
        position = re.fullmatch(r"args\[(\d+)\]", gone.expression)
        if position and gone.label:
            labels.setdefault(f"PlainAOTInput(idx={position[1]})", Label(gone.label, "argument"))
    return labels
