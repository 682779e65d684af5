"""The tensor subclasses that AOTAutograd unpacked into plain tensors."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import FunctionType
from typing import Any

from ..torch_private import JointCapture, is_traceable_wrapper_subclass
from ..wire.descriptor_map import Descriptor, Input, Output, Span, Subclass
from .descriptors import piece_path
from .flat_arguments import FlatArguments
from .slot_labels import Labels


def subclasses(
    inputs: Sequence[Input], outputs: Sequence[Output], labels: Labels, flat: FlatArguments, joint: JointCapture
) -> list[Subclass]:
    """Each tensor subclass that was unpacked, with all its pieces. A type that is not known is None."""
    groups: dict[str, tuple[Descriptor, list[int], list[int]]] = {}
    for slots, is_input in ((inputs, True), (outputs, False)):
        for slot in slots:
            if (descriptor := slot.as_descriptor()) is None:
                continue
            root, steps = piece_path(descriptor)
            if steps:
                _, ins, outs = groups.setdefault(root.descriptor, (root, [], []))
                (ins if is_input else outs).append(slot.index)
    types = _Types(flat, joint, groups)
    found = []
    for root, ins, outs in groups.values():
        kind = types.of(root)
        name, flatten = (kind.__name__, _flatten(kind)) if kind is not None else (None, None)
        found.append(Subclass(labels.of(root), name, tuple(ins), tuple(outs), flatten))
    return found


def _flatten(kind: type) -> Span | None:
    """Return the place of `__tensor_flatten__`; None for a subclass that is not written in Python."""
    method = inspect.getattr_static(kind, "__tensor_flatten__", None)
    if not isinstance(method, FunctionType):
        return None
    return Span(method.__code__.co_filename, method.__code__.co_firstlineno)


class _Types:
    """The types of subclasses: an input's from its value, an output's from what AOTAutograd noted of it."""

    def __init__(
        self, flat: FlatArguments, joint: JointCapture, groups: dict[str, tuple[Descriptor, list[int], list[int]]]
    ) -> None:
        self._flat = flat
        noted = joint.output_subclass_types()
        self._of_outputs = {
            text: next((kind for indices, kind in noted if outs and outs[0] in indices), None)
            for text, (_, _, outs) in groups.items()
        }

    def of(self, root: Descriptor) -> type | None:
        """A gradient has the type of what it is the gradient of, a tangent that of its output."""
        about: Any = root.fields.get("grad_of") or root.fields.get("output") or root.fields.get("mutated_input")
        if isinstance(about, Descriptor):
            return self.of(about)
        value = self._flat.value(root)
        if is_traceable_wrapper_subclass(value):
            return type(value)
        return self._of_outputs.get(root.descriptor)
