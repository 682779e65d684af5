"""The user's names for the symbols in the shapes of a map, in place of torch's: `batch*8` for `s77*8`.

Torch's own texts, a descriptor's repr and expression, stay as they are, and so does `Symbol.symbol`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Symbol
from aotlens_tracer.wire.graphs import Input, Output, Partition, Saved
from aotlens_tracer.wire.operations import Body, BodyInput, Operation
from aotlens_tracer.wire.subclasses import Piece, Subclass
from aotlens_tracer.wire.values import Values

_SYMBOL = re.compile(r"\b[a-z]+\d+\b")
_SHAPES = ("shape", "stride")
_NUMBERS = {Input: "symbol", Output: "symbol", Saved: "symbol", Piece: "value"}
"""The field of a class that has the text of a symbolic number."""
_HOLDERS = (Graph, Input, Output, Saved, Operation, Body, BodyInput, Partition, Subclass, Piece)
_T = TypeVar("_T")


def with_named_sizes(map: DescriptorMap) -> DescriptorMap:
    """Return the map with the user's names in its shapes.

    A symbol is called as the example says, else as the code calls that dimension of the argument (`B, T = x.shape`). A
    name that would stand for two sizes which torch does not take as equal stays with the first of them.
    """
    if not any(graph.symbols for graph in map.graphs):
        return map
    in_code = names_in_code(map.values)
    return dataclasses.replace(map, graphs=tuple(_named(graph, in_code) for graph in map.graphs))


def names_in_code(values: Values | None) -> Mapping[str, str]:
    """Return the names that the code gives to the sizes of arguments, by size: `B` by `x.size(0)`."""
    found: dict[str, str] = {}
    for dimension in values.dimensions if values is not None else ():
        name = next((name for name in dimension.names if _is_name(name)), None)
        for origin in dimension.origins if name is not None else ():
            if origin.role == "argument" and origin.axis is not None:
                found.setdefault(f"{origin.text}.size({origin.axis})", name or "")
    return found


def _is_name(text: str) -> bool:
    return text.isidentifier() and _SYMBOL.fullmatch(text) is None


def _named(graph: Graph, in_code: Mapping[str, str]) -> Graph:
    symbols = _with_names(graph.symbols, in_code)
    if symbols == graph.symbols and not any(symbol.name for symbol in symbols):
        return graph
    names = {symbol.symbol: symbol.name for symbol in symbols if symbol.name is not None}

    def renamed(text: str) -> str:
        return _SYMBOL.sub(lambda match: names.get(match[0]) or match[0], text)

    return dataclasses.replace(_renamed(graph, renamed), symbols=symbols)


def _with_names(symbols: tuple[Symbol, ...], in_code: Mapping[str, str]) -> tuple[Symbol, ...]:
    """Return the symbols with the names that are shown for them."""
    taken: dict[str, Symbol] = {}
    found = []
    for symbol in sorted(symbols, key=lambda symbol: symbol.name is None):  # what the example says goes first
        wholes = (other for other in symbols if _may_share(symbol, other))
        sources = (*symbol.sources, *(source for whole in wholes for source in whole.sources))
        coded = next((in_code[source] for source in sources if source in in_code), None)
        name, shared = symbol.name or coded, symbol.shared_name
        if name is not None and not _is_name(name):
            name = None
        elif name is not None and not _may_share(symbol, taken.setdefault(name, symbol)):
            name, shared = None, name
        found.append(dataclasses.replace(symbol, name=name, shared_name=shared))
    return tuple(sorted(found, key=lambda symbol: [each.symbol for each in symbols].index(symbol.symbol)))


def _may_share(one: Symbol, other: Symbol) -> bool:
    """Whether two symbols may have one name: they are the same, or sizes of one tensor subclass and of its pieces."""
    if one.symbol == other.symbol:
        return True
    pairs = ((a, b) for a in one.sources for b in other.sources)
    return one.hint == other.hint and any(_is_of_piece(a, b) or _is_of_piece(b, a) for a, b in pairs)


def _is_of_piece(size: str, of: str) -> bool:
    """Whether a size is the same dimension of a piece of a tensor: `x.a.size(0)` of `x.size(0)`."""
    whole, _, dimension = of.rpartition(".")
    return size.startswith(f"{whole}.") and size.endswith(f".{dimension}")


def _renamed(value: _T, renamed: Callable[[str], str]) -> _T:
    """Return a part of a graph with other texts in its shapes; itself if nothing changes."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(value):  # type: ignore[arg-type]  # one of _HOLDERS
        old = getattr(value, field.name)
        new = _changed(value, field.name, old, renamed)
        if new is not old:
            changes[field.name] = new
    return dataclasses.replace(value, **changes) if changes else value  # type: ignore[type-var]  # one of _HOLDERS


def _changed(owner: Any, name: str, old: Any, renamed: Callable[[str], str]) -> Any:
    if isinstance(old, _HOLDERS):
        return _renamed(old, renamed)
    if name == _NUMBERS.get(type(owner)):
        is_number = not isinstance(owner, Piece) or owner.kind in ("size", "stride")
        return renamed(old) if isinstance(old, str) and is_number else old
    if not isinstance(old, tuple) or not old:
        return old
    if name in _SHAPES:
        return tuple(renamed(size) if isinstance(size, str) else size for size in old)
    if isinstance(old[0], _HOLDERS):
        return tuple(_renamed(item, renamed) for item in old)
    return old
