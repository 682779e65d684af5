"""A node of a graph that is an operation, in words."""

from __future__ import annotations

from aotlens.model.bodies import saved_results_of
from aotlens_tracer.wire.bodies import Bodies
from aotlens_tracer.wire.descriptor_map import Graph, Operation

from .annotations import annotations_alone
from .blocks import Block, Code, Facts, codes, joined, line, strong
from .bodies import role_alone, role_in_words, saved_results_in_words
from .partitioners import for_backward
from .shapes import bytes_in_words, tensor_in_brief

_READERS = 4
"""The most operations that are named as readers of a value."""


def operation_in_words(operation: Operation, graph: Graph, bodies: Bodies) -> tuple[Block, ...]:
    """The operation with its type; then its body or module, the forward operation of a derivative, its saved value.

    `bodies` are those of the graph; an operation of one of them has its name in them.
    """
    scope, _, node = operation.name.rpartition(".")
    direction = "backward" if operation.backward else "forward"
    title = [line(strong(direction), " ", Code(operation.op)), line("node ", Code(node))]
    if operation.dtype is not None:
        title.append(line(Code(tensor_in_brief(operation.dtype, operation.shape))))
    facts = []
    if scope:
        facts.append(line("in ", Code(scope), f", {role_in_words(bodies.by_name[scope])}"))
    if operation.module:
        facts.append(line("in ", Code(operation.module)))
    if runs := bodies.run_by(operation.name):
        facts.append(line("runs ", joined([line(Code(body.name), f" ({role_alone(body)})") for body in runs])))
    if operation.is_repeated:
        facts.append(line("computed again", *((": repeats ", Code(operation.forward)) if operation.forward else ())))
    elif operation.forward is not None:
        facts.append(line("part of the derivative of ", Code(operation.forward)))
    saved = next((value for value in graph.saved or () if value.node == operation.name), None)
    if saved is not None:
        size = f"saved {for_backward(graph)}, {bytes_in_words(saved.bytes)}"
        alias = line(", an alias of ", Code(saved.alias_of)) if saved.alias_of is not None else ()
        more = " …" if len(saved.read_by) > _READERS else ""
        facts.append(line(size, alias, ": read by ", codes(saved.read_by[:_READERS]), more))
    if results := saved_results_of(graph).get(operation.name):
        facts.append(line(saved_results_in_words(results, bodies.by_name[scope])))
    if operation.annotations:
        facts.append(line("annotated ", Code(annotations_alone(operation.annotations))))
    return Facts(tuple(title)), *((Facts(tuple(facts)),) if facts else ())
