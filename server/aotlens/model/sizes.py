"""The sizes of a graph that may change: what the names in its shapes stand for, and what they are in the example."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aotlens_tracer.wire.descriptor_map import Graph, Span, Symbol

_NAME = re.compile(r"[^\W\d]\w*")
_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., int]] = {
    "Max": max,
    "Min": min,
    "Mod": operator.mod,
    "FloorDiv": operator.floordiv,
}
"""The functions of torch's own texts of sizes (`torch/utils/_sympy/functions.py`)."""


@dataclass(frozen=True)
class NamedSize:
    """A name that shapes show, and what it stands for.

    `name` is the user's, else torch's. `symbols` are torch's names of it: there are several for a tensor subclass,
    whose pieces have symbols of their own. The other fields are those of `Symbol`, the sizes of whole tensors first.
    """

    name: str
    symbols: tuple[str, ...]
    sources: tuple[str, ...]
    hint: int | None
    minimum: int | None
    maximum: int | None
    definition: Span | None
    is_backed: bool
    shared_name: str | None
    is_ragged: bool

    @property
    def is_by_data(self) -> bool:
        """Whether it depends on data, and is no size of an argument."""
        return not self.is_backed and not self.sources


def named_sizes(graph: Graph) -> tuple[NamedSize, ...]:
    """Return the names that the shapes of a graph show, in the order of their first use.

    A number that the call takes and no shape shows, such as an int of the example, is none: the graph has it as it is.
    """
    unused = _unused(graph)
    return tuple(size for size in _all_sizes(graph) if not size.sources or not set(size.sources) <= unused)


def _unused(graph: Graph) -> set[str]:
    """Return the labels of the symbolic numbers that the graph takes and does not use, sizes of tensors apart."""
    sizes = ("size", "stride")
    return {
        slot.label
        for slot in graph.inputs
        if slot.symbol is not None and not slot.used and not slot.label.rpartition("(")[0].endswith(sizes)
    }


def _all_sizes(graph: Graph) -> tuple[NamedSize, ...]:
    groups: dict[str, list[Symbol]] = {}
    for symbol in graph.symbols:
        groups.setdefault(symbol.name or symbol.symbol, []).append(symbol)
    return tuple(_named_size(name, group) for name, group in groups.items())


def _named_size(name: str, group: Sequence[Symbol]) -> NamedSize:
    first = group[0]
    sources = dict.fromkeys(source for symbol in group for source in symbol.sources if source != name)
    places = (symbol.definition for symbol in group if symbol.definition is not None)
    return NamedSize(
        name,
        tuple(symbol.symbol for symbol in group),
        tuple(sorted(sources, key=lambda source: source.count("."))),
        first.hint,
        first.minimum,
        first.maximum,
        next(places, None),
        first.is_backed,
        first.shared_name,
        first.is_ragged,
    )


def sizes_in(texts: Sequence[int | str], graph: Graph) -> list[NamedSize]:
    """Return the names in a shape, or in the text of a symbolic number."""
    names = {name for text in texts if isinstance(text, str) for name in _NAME.findall(text)}
    return [size for size in named_sizes(graph) if size.name in names] if names else []


def size_in_example(text: str, graph: Graph) -> int | None:
    """Return what a symbolic number is in the example: 48 for `batch*8`; None if that is not known."""
    known = {size.name: size.hint for size in _all_sizes(graph) if size.hint is not None}
    try:
        return _value(ast.parse(text, mode="eval").body, known)
    except (SyntaxError, ValueError, KeyError, TypeError, ZeroDivisionError, RecursionError):
        return None


def _value(node: ast.expr, known: Mapping[str, int]) -> int:
    """Return the value of an expression of sizes. Raises KeyError or TypeError for what is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name):
        return known[node.id]
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, known), _value(node.right, known))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, known)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        arguments: list[Any] = [_value(argument, known) for argument in node.args]
        return _FUNCTIONS[node.func.id](*arguments)
    raise TypeError(node)
