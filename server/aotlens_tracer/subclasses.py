"""The tensor subclasses that AOTAutograd unpacked into plain tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .capture.torch_private import JointCapture, is_traceable_wrapper_subclass
from .descriptor_map import Descriptor, Input, Output, Subclass
from .descriptors import piece_path
from .flat_arguments import FlatArguments
from .slot_labels import Labels


def subclasses(
    inputs: Sequence[Input], outputs: Sequence[Output], labels: Labels, flat: FlatArguments, joint: JointCapture
) -> list[Subclass]:
    """Each tensor subclass that was unpacked, with all its pieces. A type that is not known is None."""
    groups: dict[str, tuple[Descriptor, list[int], list[int]]] = {}
    for slots, position in ((inputs, 1), (outputs, 2)):
        for slot in slots:
            if (descriptor := slot.as_descriptor()) is None:
                continue
            root, steps = piece_path(descriptor)
            if steps:
                groups.setdefault(root.descriptor, (root, [], []))[position].append(slot.index)
    types = _Types(flat, joint, groups)
    return [Subclass(labels.of(root), types.of(root), tuple(ins), tuple(outs)) for root, ins, outs in groups.values()]


class _Types:
    """The types of subclasses: an input's from its value, an output's from what AOTAutograd noted of it."""

    def __init__(
        self, flat: FlatArguments, joint: JointCapture, groups: dict[str, tuple[Descriptor, list[int], list[int]]]
    ) -> None:
        self._flat = flat
        noted = joint.output_subclass_types()
        self._of_outputs = {
            text: next((name for indices, name in noted if outs and outs[0] in indices), None)
            for text, (_, _, outs) in groups.items()
        }

    def of(self, root: Descriptor) -> str | None:
        """A gradient has the type of what it is the gradient of, a tangent that of its output."""
        about: Any = root.fields.get("grad_of") or root.fields.get("output") or root.fields.get("mutated_input")
        if isinstance(about, Descriptor):
            return self.of(about)
        value = self._flat.value(root)
        if is_traceable_wrapper_subclass(value):
            return type(value).__name__
        return self._of_outputs.get(root.descriptor)
