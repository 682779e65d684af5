"""The descriptors and field values that an expression in a graph pass has for the graphs of a map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aotlens.logs.descriptor_text import FIELDS
from aotlens.syntax.pass_kinds import DescriptorValue
from aotlens_tracer.wire.descriptor_map import Descriptor, Graph, Input, Output

from .descriptors import STAGES, is_instance
from .fx_utils import FX_FUNCTIONS, Found, Raised, found_by

_WITHOUT_FIELDS = "Philox"


@dataclass(frozen=True)
class Held:
    """A descriptor, or the value of a field of one (`plain`), and the slot that it belongs to."""

    slot: Input | Output
    descriptor: Descriptor | None
    plain: Any = None


def fields_of(kind: str) -> tuple[str, ...]:
    """The fields of a class of descriptors; empty if it has none, or is not known."""
    if kind not in STAGES or kind.startswith(_WITHOUT_FIELDS):
        return ()
    return FIELDS.get(kind, ("idx",))


def classes_with(field: str) -> tuple[str, ...]:
    """The classes of descriptors that have a field."""
    return tuple(kind for kind in STAGES if field in fields_of(kind))


def held_by(value: DescriptorValue, graph: Graph) -> tuple[Held, ...] | Raised:
    """The values of an expression for the slots of a graph, or the error that a function of `fx_utils` raises."""
    if value.base is not None:
        base = held_by(value.base, graph)
        if isinstance(base, Raised):
            return base
        fields = [(each.slot, each.descriptor.fields) for each in base if each.descriptor is not None]
        held = [_held(slot, known[value.field]) for slot, known in fields if value.field in known]
    else:
        found = _slots(value, graph)
        if isinstance(found, Raised):
            return found
        held = [Held(each.slot, each.descriptor) for each in found]
    return tuple(each for each in held if _fits(value, each.descriptor))


def classes_of(value: DescriptorValue) -> tuple[str, ...]:
    """The classes that the code says a descriptor is one of; empty if it may be any."""
    narrow = [set(STAGES)] + [{kind for kind in STAGES if is_instance(kind, each)} for each in value.only]
    known = set.intersection(*narrow) - {kind for kind in STAGES if is_instance(kind, value.never)}
    function = value.function or (value.node.function if value.node is not None else "")
    if function in FX_FUNCTIONS and (only := FX_FUNCTIONS[function].only) is not None:
        known &= {only}
    return tuple(kind for kind in STAGES if kind in known) if len(known) < len(STAGES) else ()


def _held(slot: Input | Output, value: Any) -> Held:
    return Held(slot, value) if isinstance(value, Descriptor) else Held(slot, None, value)


def _fits(value: DescriptorValue, descriptor: Descriptor | None) -> bool:
    if descriptor is None:
        return not value.only
    return all(is_instance(descriptor.kind, each) for each in value.only) and not is_instance(
        descriptor.kind, value.never
    )


def _slots(value: DescriptorValue, graph: Graph) -> tuple[Found, ...] | Raised:
    function = value.function or (value.node.function if value.node is not None else "")
    if function:
        found = found_by(FX_FUNCTIONS[function], graph)
        if isinstance(found, Raised) or value.node is None or value.node.part == 0:
            return found
        return _described(each.partner for each in found if each.partner is not None)
    op = value.node.op if value.node is not None else ""
    inputs = graph.inputs if op != "output" else ()
    outputs = graph.outputs if op != "placeholder" else ()
    return _described((*inputs, *outputs))


def _described(slots: Iterable[Input | Output]) -> tuple[Found, ...]:
    described = ((slot.as_descriptor(), slot) for slot in slots)
    return tuple(Found(descriptor, slot) for descriptor, slot in described if descriptor is not None)
