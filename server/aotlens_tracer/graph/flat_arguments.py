"""The arguments as AOTAutograd first saw them, and what became of those that the graph does not have."""

from __future__ import annotations

from typing import Any

import torch

from ..torch_private import Flat, storage_key
from ..wire.descriptor_map import Descriptor, Input, VanishedArgument
from .descriptors import copy_descriptor, piece_path
from .slot_labels import Labels


class FlatArguments:
    """The tensors behind the flat calling convention, before AOTAutograd removed duplicates and made bases."""

    def __init__(self, flat: Flat, labels: Labels) -> None:
        self._labels = labels
        self._values: dict[str, Any] = {}
        self._descriptors: list[Descriptor] = []
        for torch_descriptor, value in flat:
            if (descriptor := copy_descriptor(torch_descriptor)) is not None:
                self._descriptors.append(descriptor)
                self._values[descriptor.descriptor] = value

    def value(self, descriptor: Descriptor) -> Any:
        """The value that a Param, Buffer or Plain descriptor describes, or None."""
        return self._values.get(descriptor.descriptor)

    def vanished(self, inputs: list[Input]) -> list[VanishedArgument]:
        """The tensors that have no input: duplicates of another, or views that were replaced by their base."""
        present: set[str] = set()
        bases: list[tuple[Input, Any]] = []
        for slot in inputs:
            if (descriptor := slot.as_descriptor()) is None:
                continue
            root, _ = piece_path(descriptor)
            present.add(root.descriptor)
            if "base_of" in root.fields:
                bases.append((slot, self.value(root.fields["base_of"])))
        found = []
        for descriptor in self._descriptors:
            value = self.value(descriptor)
            if descriptor.descriptor in present or not isinstance(value, torch.Tensor):
                continue
            into, reason = self._replacement(value, inputs, bases)
            expression = descriptor.expression or descriptor.descriptor
            found.append(VanishedArgument(self._labels.of(descriptor), expression, into, reason))
        return found

    def _replacement(
        self, value: torch.Tensor, inputs: list[Input], bases: list[tuple[Input, Any]]
    ) -> tuple[int | None, str]:
        for slot in inputs:
            descriptor = slot.as_descriptor()
            if descriptor is not None and self.value(piece_path(descriptor)[0]) is value:
                return slot.index, "deduplication"
        key = storage_key(value)
        for slot, base_of in bases:
            if base_of is value or (key is not None and key == storage_key(base_of)):
                return slot.index, "base"
        return None, "unknown"
