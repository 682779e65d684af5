"""The tensor subclasses that AOTAutograd unpacked: the tree of each, and the types that AOTAutograd expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from ..torch_private import Flattened, JointCapture, SubclassMetadata, flattened, unwrapped_opaque
from ..wire.descriptor_map import Descriptor, Expected, Input, Output, Piece, Slot, Subclass
from ..wire.input_roles import role_of
from ..wire.subclasses import PLAIN
from .descriptors import piece_path
from .flat_arguments import FlatArguments
from .flatten_lists import listed_at
from .flatten_protocol import named_context, place_of_class, place_of_flatten, text_of
from .placements import sharding_of, transfers
from .slot_labels import Labels
from .tensors import strides, tensor_facts

Steps = tuple[tuple[str, Any], ...]

_ROLES = {"PlainAOTOutput": "output", "GradAOTOutput": "gradient", "InputMutationAOTOutput": "mutation"}
_ABOUT = ("grad_of", "output", "mutated_input")
"""Fields of a descriptor that name the value that another one is the gradient, the tangent or the new value of."""


@dataclass
class _Whole:
    """The slots of the pieces of one subclass, each by the steps to it, in the order of the graph."""

    root: Descriptor
    slots: dict[Steps, Slot] = field(default_factory=dict)


def subclasses(
    inputs: Sequence[Input], outputs: Sequence[Output], labels: Labels, flat: FlatArguments, joint: JointCapture
) -> list[Subclass]:
    """Each tensor subclass that was unpacked, with the tree of its pieces. What is not known of it is None."""
    wholes: dict[str, _Whole] = {}
    for slot in (*inputs, *outputs):
        if (descriptor := slot.as_descriptor()) is None:
            continue
        root, steps = piece_path(descriptor)
        if steps:
            wholes.setdefault(root.descriptor, _Whole(root)).slots[steps] = slot
    if not wholes:
        return []
    types = _Types(SubclassMetadata.of(joint), flat, inputs, outputs)
    return [_subclass(whole, labels, types) for whole in wholes.values()]


def _subclass(whole: _Whole, labels: Labels, types: _Types) -> Subclass:
    root = whole.root
    first = next(iter(whole.slots.values()))
    indices = tuple(slot.index for slot in whole.slots.values())
    is_input = isinstance(first, Input)
    about = _about(root)
    value = types.of(root, first)
    kind = type(value.value) if value is not None else None
    dtype, shape = tensor_facts(value.value) if value is not None else (None, None)
    return Subclass(
        labels.of(root),
        kind.__name__ if kind is not None else None,
        indices if is_input else (),
        () if is_input else indices,
        place_of_flatten(kind) if kind is not None else None,
        role_of(first) if isinstance(first, Input) else _ROLES.get(root.kind),
        shape,
        strides(value.value) if value is not None else None,
        dtype,
        _pieces(value, (), whole.slots) if value is not None else _known_pieces((), whole.slots),
        named_context(kind, value.context) if kind is not None and value is not None else (),
        sharding_of(value.value) if value is not None else None,
        types.gradient(root, value) if is_input else None,
        types.tangent(root) if not is_input else None,
        place_of_class(kind) if kind is not None else None,
        root.descriptor,
        labels.of(about) if about is not None else None,
    )


def _about(root: Descriptor) -> Descriptor | None:
    found = next((root.fields[name] for name in _ABOUT if name in root.fields), None)
    return found if isinstance(found, Descriptor) else None


def _pieces(whole: Flattened, steps: Steps, slots: Mapping[Steps, Slot]) -> tuple[Piece, ...]:
    """Return what the list of `__tensor_flatten__` names, in its order, and then the symbolic sizes and strides."""
    kind = type(whole.value)
    found = [
        replace(_piece(name, part, (*steps, ("attr", name)), slots), listed=listed_at(kind, name))
        for name, part in whole.parts
    ]
    return (*found, *_numbers(steps, slots, whole.value))


def _piece(name: str, part: Any, steps: Steps, slots: Mapping[Steps, Slot]) -> Piece:
    if isinstance(part, Flattened):
        kind = type(part.value)
        dtype, shape = tensor_facts(part.value)
        return Piece(
            name,
            "subclass",
            kind.__name__,
            shape,
            dtype,
            sharding=sharding_of(part.value),
            pieces=_pieces(part, steps, slots),
            stride=strides(part.value),
            context=named_context(kind, part.context),
            flatten=place_of_flatten(kind),
            definition=place_of_class(kind),
        )
    places = _places(slots.get(steps))
    if isinstance(part, torch.Tensor):
        slot = slots.get(steps)
        dtype, shape = (slot.dtype, slot.shape) if slot is not None and slot.dtype else tensor_facts(part)
        return Piece(name, "tensor", None, shape, dtype, *places, stride=strides(part))
    value = unwrapped_opaque(part)
    return Piece(name, "opaque", type(value).__name__, None, None, *places, text_of(value))


def _numbers(steps: Steps, slots: Mapping[Steps, Slot], value: torch.Tensor | None) -> list[Piece]:
    """Return the symbolic sizes and strides that the graph has for the subclass at `steps`."""
    found = []
    for path, slot in slots.items():
        kind, name = path[-1]
        if path[:-1] == steps and kind != "attr":
            numbers: Sequence[Any] = () if value is None else value.size() if kind == "size" else strides(value) or ()
            text = str(numbers[name]) if name < len(numbers) else None
            found.append(Piece(f"{kind}({name})", kind, None, None, None, *_places(slot), text))
    return found


def _known_pieces(steps: Steps, slots: Mapping[Steps, Slot]) -> tuple[Piece, ...]:
    """Return the pieces that the descriptors alone know, for a subclass that torch has noted nothing of."""
    found: dict[str, Piece] = {}
    for path, slot in slots.items():
        if len(path) <= len(steps) or path[: len(steps)] != steps or path[len(steps)][0] != "attr":
            continue
        name = path[len(steps)][1]
        if len(path) == len(steps) + 1:
            kind = "tensor" if slot.dtype is not None else "opaque"
            found[name] = Piece(name, kind, None, slot.shape, slot.dtype, *_places(slot))
        elif name not in found:
            found[name] = Piece(name, "subclass", pieces=_known_pieces((*steps, ("attr", name)), slots))
    return (*found.values(), *_numbers(steps, slots, None))


def _places(slot: Slot | None) -> tuple[int | None, int | None]:
    """Return the index of a slot among the inputs, and that among the outputs."""
    if slot is None:
        return None, None
    return (slot.index, None) if isinstance(slot, Input) else (None, slot.index)


class _Types:
    """The types of subclasses, from what AOTAutograd noted; an input's also from its value."""

    def __init__(
        self, noted: SubclassMetadata, flat: FlatArguments, inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> None:
        self._noted = noted
        self._flat = flat
        self._with_gradient = {
            root.fields["grad_of"].descriptor
            for root in _roots(outputs, has_node=True)
            if isinstance(root.fields.get("grad_of"), Descriptor)
        }
        self._with_tangent = {
            root.fields["output"].descriptor: root
            for root in _roots(inputs, has_node=True)
            if root.kind == "TangentAOTInput" and isinstance(root.fields.get("output"), Descriptor)
        }

    def of(self, root: Descriptor, first: Slot) -> Flattened | None:
        """Return the subclass that a root descriptor describes; `first` is the slot of its first piece."""
        if isinstance(first, Output):
            if root.kind == "GradAOTOutput":
                return self._noted.gradients.get(root.fields["grad_of"].descriptor)
            return self._noted.outputs.get(first.index)
        if root.kind == "TangentAOTInput":
            return self._noted.tangents.get(root.descriptor)
        return self._noted.inputs.get(root.descriptor) or flattened(self._flat.value(root))

    def gradient(self, root: Descriptor, value: Flattened | None) -> Expected | None:
        """Return the type of the gradient of an input, which is `value`; None if it has none."""
        if root.descriptor not in self._with_gradient:
            return None
        gradient = self._noted.gradients.get(root.descriptor)
        price = transfers(gradient.value, value.value) if gradient is not None and value is not None else None
        return replace(_expected(gradient, False), transfers=price)

    def tangent(self, root: Descriptor) -> Expected | None:
        """Return the type that the tangent of an output is taken to have; None if it has none."""
        tangent = self._with_tangent.get(root.descriptor)
        return _expected(self._noted.tangents.get(tangent.descriptor), True) if tangent is not None else None


def _roots(slots: Sequence[Slot], has_node: bool) -> list[Descriptor]:
    found = (slot.as_descriptor() for slot in slots if slot.node is not None or not has_node)
    return [piece_path(descriptor)[0] for descriptor in found if descriptor is not None]


def _expected(value: Flattened | None, is_guessed: bool) -> Expected:
    if value is None:
        return Expected(PLAIN, None, is_guessed)
    return Expected(type(value.value).__name__, sharding_of(value.value), is_guessed)
