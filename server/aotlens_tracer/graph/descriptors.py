"""Copies of torch's descriptor objects, and the way from a piece of a tensor subclass to the whole."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..torch_private import AOTInput, AOTOutput
from ..wire.descriptor_map import Descriptor
from ..wire.input_roles import owner_of, path_of


def copy_descriptor(descriptor: Any) -> Descriptor | None:
    """Return a plain copy of one of torch's descriptors, of whatever class; None for None."""
    if descriptor is None:
        return None
    try:
        expression = descriptor.expr()
    except Exception:  # a class of a newer torch may have none
        expression = None
    fields: dict[str, Any] = {}
    names = [field.name for field in dataclasses.fields(descriptor)] if dataclasses.is_dataclass(descriptor) else []
    for name in names:
        value = getattr(descriptor, name)
        if isinstance(value, (AOTInput, AOTOutput)):
            fields[name] = copy_descriptor(value)
        else:
            fields[name] = value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
    return Descriptor(type(descriptor).__name__, repr(descriptor), expression, fields)


def piece_path(descriptor: Descriptor) -> tuple[Descriptor, tuple[tuple[str, Any], ...]]:
    """Return the whole value that a piece of a tensor subclass belongs to, and the steps from there to the piece.

    The steps are (('attr', 'a'), ('size', 0)); there are none, and the descriptor itself is returned, if it is whole.
    """
    return owner_of(descriptor), path_of(descriptor)
