"""Finds descriptors that are nested as no stage of AOTAutograd nests them, and proposes the legal order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aotlens.logs.descriptor_text import FIELDS, descriptor_of, side
from aotlens_tracer.wire.descriptor_map import Descriptor

from .descriptors import ALIASING, AUTOGRAD, BASES, CONVENTION, STAGES, STATE, SUBCLASSES, stage

Offence = Literal["wraps-nothing", "wrong-side", "underivable", "stage-order", "same-stage", "double-backward"]

# The side of the graph on which the wrapped descriptor is, for each class that wraps one.
_WRAPS = {
    **{
        kind: "Input" if kind.endswith("Input") else "Output" for kind, names in FIELDS.items() if "target" not in names
    },
    "InputMutationAOTOutput": "Input",
    "TangentAOTInput": "Output",
    "GradAOTOutput": "Input",
}
# The order in which the stages run. A descriptor wraps only those of earlier stages.
_ORDER = {CONVENTION: 1, BASES: 2, ALIASING: 2, AUTOGRAD: 3, SUBCLASSES: 4}


@dataclass(frozen=True)
class IllegalNesting:
    """A descriptor that wraps another one, which it never does in a graph of AOTAutograd.

    `outer` and `inner` are classes of descriptors. `wraps` is the side that `outer` wraps, "Input" or "Output"; None if
    it wraps nothing. `corrected` is the order that was probably intended, None if that is unknown.
    """

    offence: Offence
    outer: str
    inner: str
    wraps: str | None
    corrected: Descriptor | None = None


def illegal_nesting(descriptor: Descriptor) -> IllegalNesting | None:
    """The outermost nesting in a descriptor that no stage of AOTAutograd makes; None if all of it is legal."""
    for value in descriptor.fields.values():
        if not isinstance(value, Descriptor):
            continue
        problem = _problem(descriptor, value) or illegal_nesting(value)
        if problem is not None:
            return problem
    return None


def exported_only(descriptor: Descriptor) -> str | None:
    """The class in a descriptor that graphs of torch.compile never have; None if it has no such class.

    There, Dynamo passes parameters and buffers as plain inputs. Only the export convention names them.
    """
    if descriptor.kind in STATE:
        return descriptor.kind
    inside = [exported_only(value) for value in descriptor.fields.values() if isinstance(value, Descriptor)]
    return next(filter(None, inside), None)


def corrected(descriptor: Descriptor) -> Descriptor | None:
    """The whole descriptor in the order that was probably intended; None if it is legal or no order is known."""
    for name, value in descriptor.fields.items():
        if not isinstance(value, Descriptor):
            continue
        if _problem(descriptor, value) is not None:
            return _turned_around(descriptor, value)
        if (inner := corrected(value)) is not None:
            return descriptor_of(descriptor.kind, {**descriptor.fields, name: inner})
    return None


def _problem(around: Descriptor, inside: Descriptor) -> IllegalNesting | None:
    outer, inner = around.kind, inside.kind
    if outer not in STAGES or inner not in STAGES:
        return None
    wraps = _WRAPS.get(outer)
    if wraps is None:
        return IllegalNesting("wraps-nothing", outer, inner, None)
    if side(inside) != wraps:
        return IllegalNesting("wrong-side", outer, inner, wraps)
    order, inner_order = _ORDER.get(stage(outer)), _ORDER.get(stage(inner))
    if inner_order is None or order is None:
        return IllegalNesting("underivable", outer, inner, wraps)
    if inner_order > order:
        return IllegalNesting("stage-order", outer, inner, wraps, _turned_around(around, inside))
    if inner_order == order == _ORDER[AUTOGRAD]:
        return IllegalNesting("double-backward", outer, inner, wraps)
    if stage(inner) == stage(outer) != SUBCLASSES:  # a subclass may be a piece of another one
        return IllegalNesting("same-stage", outer, inner, wraps)
    return None


def _turned_around(outer: Descriptor, inner: Descriptor) -> Descriptor | None:
    """The piece of the gradient in place of the gradient of the piece."""
    base = inner.fields.get("base")
    if stage(inner.kind) != SUBCLASSES or not isinstance(base, Descriptor):
        return None
    kind = inner.kind.replace("Input", "").replace("Output", "") + side(outer)
    return descriptor_of(kind, {**inner.fields, "base": descriptor_of(outer.kind, {FIELDS[outer.kind][0]: base})})
