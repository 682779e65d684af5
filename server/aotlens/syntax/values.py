"""Values of expressions, as far as the syntax shows them: attributes of the module, arguments, items of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node

from .nodes import integer_value, string_value
from .paths import ANY, Items, Key, Path, Step


@dataclass(frozen=True)
class Place:
    """A thing that a path leads to from the module (`argument` is None) or from an argument of a function.

    `function` is the outer function by the name that Python gives it within its class or module.
    """

    argument: str | None
    function: str
    path: Path = ()

    def at(self, *steps: Step) -> Place:
        """The place that further steps lead to."""
        return Place(self.argument, self.function, (*self.path, *steps))


@dataclass(frozen=True)
class Each:
    """An iterable whose items are all `item`."""

    item: Value


@dataclass(frozen=True)
class StateDict:
    """The `state_dict()` of a module, whose keys are dotted names."""

    module: Place


Value = Place | Each | StateDict | tuple["Value", ...] | None
"""The value of an expression: a tuple for a display of several values, None if it is not known."""

_SAME_ITEMS = frozenset({"reversed", "iter", "sorted", "list", "tuple", "set"})
_OTHER_ORDER = frozenset({"reversed", "sorted", "set"})


def item_of(value: Value) -> Value:
    """An item that iterating over a value gives."""
    if isinstance(value, Place):
        return value.at(ANY)
    if isinstance(value, Each):
        return value.item
    if isinstance(value, tuple) and value and all(item == value[0] for item in value):
        return value[0]
    return None


def indexed(value: Value, index: int) -> Value:
    """The item of a value at an index; any item if the value has no order that is known."""
    if isinstance(value, Place):
        return value.at(index)
    return item_of(value)


def subscripted(base: Value, subscripts: Sequence[Node]) -> Value:
    """The value of `base[…]` with the nodes that stand in the brackets."""
    if base is None or len(subscripts) != 1:
        return None
    subscript = subscripts[0]
    if subscript.type == "slice":
        if isinstance(base, Place):
            return Each(base.at(_slice(subscript)))
        return base if isinstance(base, Each) else Each(item_of(base))
    number = integer_value(subscript)
    if isinstance(base, Each):
        last = base.item.path[-1] if isinstance(base.item, Place) and base.item.path else None
        index = last.at(number) if isinstance(last, Items) and number is not None else None
        if index is None or not isinstance(base.item, Place):
            return base.item
        return Place(base.item.argument, base.item.function, (*base.item.path[:-1], index))
    if isinstance(base, StateDict):
        name = string_value(subscript)
        return base.module.at(*name.split(".")) if name else None
    if isinstance(base, tuple):
        return base[number] if number is not None and -len(base) <= number < len(base) else None
    if number is not None:
        return base.at(number)
    key = string_value(subscript)
    return base.at(Key(key) if key is not None else ANY)


def of_builtin(name: str, nodes: Sequence[Node], given: Sequence[Value]) -> Value:
    """The value of a call of one of Python's built-in functions, with the positional arguments as nodes and values."""
    if not given:
        return None
    if name in _SAME_ITEMS:
        item = item_of(given[0])
        if name in _OTHER_ORDER and isinstance(item, Place) and item.path and isinstance(item.path[-1], Items):
            item = replace(item, path=(*item.path[:-1], replace(item.path[-1], in_order=False)))
        return Each(item)
    if name == "enumerate":
        return Each((None, item_of(given[0])))
    if name == "zip":
        return Each(tuple(item_of(value) for value in given))
    if name == "next":
        return item_of(given[0])
    if name == "getattr" and len(nodes) > 1 and isinstance(given[0], Place):
        attribute = string_value(nodes[1])
        return given[0].at(attribute if attribute is not None else ANY)
    return None


def of_method(base: Place, method: str, given: Sequence[Node]) -> Value:
    """The value of a call of a method of a module, a ModuleDict or a dictionary, with these positional arguments."""
    if not given:
        if method in ("values", "children", "parameters", "buffers"):
            return Each(base.at(ANY))
        if method in ("items", "named_children"):
            return Each((None, base.at(ANY)))
        return StateDict(base) if method == "state_dict" else None
    name = string_value(given[0])
    if name is None:
        return None
    if method in ("get_submodule", "get_parameter", "get_buffer"):
        return base.at(*name.split(".")) if name else base
    return base.at(Key(name)) if method in ("get", "pop") else None


def _slice(node: Node) -> Step:
    """The items that a slice takes; any item if its bounds are not numbers."""
    bounds: list[int | None] = [None]
    for child in node.children:
        if child.type == ":":
            bounds.append(None)
        elif child.type != "comment":
            bounds[-1] = integer_value(child)
            if bounds[-1] is None:
                return ANY
    if len(bounds) == 2:
        start, stop = bounds
        return Items(start, stop) if stop != 0 else ANY
    if len(bounds) == 3:
        start, stop, step = bounds
        return Items(start, stop, step) if step != 0 else ANY
    return ANY
