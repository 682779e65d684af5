"""The example with real tensors, where these are small: libraries behave differently on fake ones."""

from __future__ import annotations

from collections.abc import Sequence

from ..examples.evaluate import BuiltExample
from ..graph.tensors import tensor_bytes
from ..wire.descriptor_map import Graph
from .build_example import Built, evaluate
from .context import Context
from .import_target import Imported

_REAL_BYTES = 1 << 30
"""Bytes of parameters, buffers and saved values that are allocated for it."""


def bytes_of_state(example: BuiltExample) -> int:
    """Return the bytes of the parameters and buffers of an example's module; 0 for a plain function."""
    module = example.module
    given = (*module.parameters(), *module.buffers()) if module is not None else ()
    return sum(tensor_bytes(tensor) or 0 for tensor in given)


def real_example(
    context: Context, imported: Imported, built: Built, train: bool | None, graphs: Sequence[Graph]
) -> BuiltExample | None:
    """Evaluate the example anew with real tensors; `graphs` say what the call saves.

    Returns None if the tensors are real already, if they are large, or if the arguments were recorded: these have no
    data. Raises what the user's code raises.
    """
    example = built.example
    if example.mode is None or built.source.root is not None:
        return None
    size = bytes_of_state(example) + sum(value.bytes or 0 for graph in graphs for value in graph.saved or ())
    if size > _REAL_BYTES:
        return None
    needs_data = RuntimeError()  # never raised to the user: it only asks for real tensors
    return evaluate(context, imported, built.source, train, lambda _: None, needs_data)
