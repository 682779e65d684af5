"""The schema of ATen operations."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Schema:
    """The name of an operation without its overload (`aten::view`), and the names of its arguments.

    `is_composite` says that torch has it made of other operations, unless something asks for it as a whole.
    """

    name: str
    arguments: tuple[str, ...]
    is_mutable: bool
    is_composite: bool


def schema_of(operation: Any) -> Schema | None:
    """Return the schema of an operation that a dispatch mode sees; None for a higher-order operation."""
    schema = getattr(operation, "_schema", None)
    if schema is None:
        return None
    is_composite = False
    with contextlib.suppress(Exception):  # an operation that is none of ATen's
        is_composite = bool(operation.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd))
    names = tuple(argument.name for argument in schema.arguments)
    return Schema(schema.name, names, bool(schema.is_mutable), is_composite)
