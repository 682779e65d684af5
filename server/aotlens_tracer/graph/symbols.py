"""The symbols in the shapes of a graph, in the user's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..torch_private import JointCapture, SymbolFacts, symbols_of
from ..wire.graphs import Graph, Input
from ..wire.input_roles import role_of
from ..wire.operations import Operation
from ..wire.places import Span
from ..wire.symbols import Symbol
from .stack_traces import Sources
from .tensors import symbol_of, tensor_facts

_NAME = re.compile(r"\b[a-z]+\d+\b")
_UNBACKED = ("u", "zu")
"""The beginnings of torch's names of symbols that depend on data (`SymT` in torch/utils/_sympy/symbol.py)."""
Size = int | str


@dataclass(frozen=True)
class MarkedSize:
    """The user's words for a size that may change: its name, None without one, and the place that marks it."""

    name: str | None
    span: Span | None


def with_symbols(graph: Graph, joint: JointCapture, marked: Mapping[str, MarkedSize], sources: Sources) -> Graph:
    """Return the graph with its symbols, in the order of their first use.

    `marked` has what the user says of a size, by the user's name of it (`x.size(0)`).
    """
    known = symbols_of(joint.shape_env)
    if not known:
        return graph
    used = [name for name in dict.fromkeys(_names(graph)) if name in known]
    if not used:
        return graph
    sizes = _sizes_of_inputs(graph)
    made = _made_in(joint, sources)
    return replace(graph, symbols=tuple(_symbol(name, known[name], sizes, marked, made) for name in used))


def _symbol(
    name: str,
    facts: SymbolFacts,
    sizes: Mapping[str, list[str]],
    marked: Mapping[str, MarkedSize],
    made: Mapping[str, Span | None],
) -> Symbol:
    labels = sizes.get(name, [])
    marks = [marked[label] for label in labels if label in marked]
    called = next((mark.name for mark in marks if mark.name is not None), None)
    is_backed = not name.startswith(_UNBACKED)
    at = None if is_backed else made.get(name)
    place = next((mark.span for mark in marks if mark.span is not None), at)
    bounds = (facts.hint, facts.minimum, facts.maximum)
    return Symbol(name, called, tuple(labels), *bounds, place, is_backed, is_ragged=facts.is_ragged)


def _names(graph: Graph) -> Iterator[str]:
    """Yield the names that may be symbols, in all shapes of a graph."""
    for slot in graph.inputs:
        yield from _in_shape(slot.shape if slot.symbol is None else (slot.symbol,))
    for out in graph.outputs:
        yield from _in_shape(out.shape if out.symbol is None else (out.symbol,))
    operations: list[Operation] = [*graph.operations, *(each for body in graph.bodies for each in body.operations)]
    for operation in operations:
        yield from _in_shape(operation.shape)


def _in_shape(shape: tuple[Size, ...] | None) -> Iterator[str]:
    for size in shape or ():
        if isinstance(size, str):
            yield from _NAME.findall(size)


def _sizes_of_inputs(graph: Graph) -> dict[str, list[str]]:
    """Return the sizes of inputs by the symbols that they are: those of arguments first, not those of tangents."""
    found: dict[str, list[str]] = {}
    for slot in sorted(graph.inputs, key=_is_state):
        if role_of(slot) == "tangent":
            continue
        if slot.symbol is not None:
            found.setdefault(slot.symbol, []).append(slot.label)
        for dimension, size in enumerate(slot.shape or ()):
            if isinstance(size, str):
                found.setdefault(size, []).append(f"{slot.label}.size({dimension})")
    return {symbol: list(dict.fromkeys(labels)) for symbol, labels in found.items()}


def _is_state(slot: Input) -> bool:
    return role_of(slot) in ("parameter", "buffer")


def _made_in(joint: JointCapture, sources: Sources) -> dict[str, Span | None]:
    """Return the expressions that make a size which depends on data, by its symbol: the first that has it."""
    found: dict[str, Span | None] = {}
    for node in joint.graph_module.graph.nodes:
        if node.op != "placeholder":
            value = node.meta.get("val")
            number = symbol_of(value)
            for name in _in_shape((number,) if number is not None else tensor_facts(value)[1]):
                if name not in found:
                    found[name] = sources.of_node(node)
    return found
