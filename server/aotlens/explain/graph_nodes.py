"""A node of a graph that is an operation, in words."""

from __future__ import annotations

from aotlens_tracer.wire.descriptor_map import Graph, Operation

from .blocks import Block, Code, Facts, codes, line, strong
from .partitioners import for_backward
from .shapes import bytes_in_words, tensor_in_brief

_READERS = 4
"""The most operations that are named as readers of a value."""


def operation_in_words(operation: Operation, graph: Graph) -> tuple[Block, ...]:
    """The operation with its type; then its module, the forward operation that it derives, and its saved value."""
    direction = "backward" if operation.backward else "forward"
    title = [line(strong(direction), " ", Code(operation.op)), line("node ", Code(operation.name))]
    if operation.dtype is not None:
        title.append(line(Code(tensor_in_brief(operation.dtype, operation.shape))))
    facts = []
    if operation.module:
        facts.append(line("in ", Code(operation.module)))
    if operation.forward is not None:
        facts.append(line("part of the derivative of ", Code(operation.forward)))
    saved = next((value for value in graph.saved or () if value.node == operation.name), None)
    if saved is not None:
        size = f"saved {for_backward(graph)}, {bytes_in_words(saved.bytes)}"
        alias = line(", an alias of ", Code(saved.alias_of)) if saved.alias_of is not None else ()
        more = " …" if len(saved.read_by) > _READERS else ""
        facts.append(line(size, alias, ": read by ", codes(saved.read_by[:_READERS]), more))
    return Facts(tuple(title)), *((Facts(tuple(facts)),) if facts else ())
