"""The kinds of values in the code of a graph pass: descriptors, nodes, what the functions of `fx_utils` return."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class FxTable:
    """The result of a function of `fx_utils`, by its name; the function itself if it is not `called`."""

    function: str
    called: bool = True


@dataclass(frozen=True)
class FxNode:
    """A node of a graph.

    `function` is the function of `fx_utils` that returns it: the first (0) or second (1) of a pair is its `part`. Else
    `op` is the operation of the node, "placeholder" or "output"; empty if it is not known.
    """

    function: str = ""
    part: int = 0
    op: str = ""


@dataclass(frozen=True)
class FxKey:
    """A key of what a function of `fx_utils` returns that is a string: the name of a parameter or buffer."""

    function: str


@dataclass(frozen=True)
class DescriptorValue:
    """A descriptor, or the value of one of its fields.

    It comes from a key of `fx_utils` (`function`), from a node's metadata (`node`), from the field `field` of another
    descriptor (`base`), or from anywhere. It is one of the classes of each tuple in `only`, and none of those in
    `never`.
    """

    function: str = ""
    node: FxNode | None = None
    base: DescriptorValue | None = None
    field: str = ""
    only: tuple[tuple[str, ...], ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True)
class Several:
    """An iterable whose items are all `item`."""

    item: PassValue


PassValue = FxTable | FxNode | FxKey | DescriptorValue | Several | tuple["PassValue", ...] | None
"""The value of an expression: a tuple for a pair, None if it is not known."""

PAIRED = frozenset(
    {
        "get_all_input_and_grad_nodes",
        "get_all_output_and_tangent_nodes",
        "get_param_and_grad_nodes",
        "get_plain_input_and_grad_nodes",
        "get_plain_output_and_tangent_nodes",
    }
)
"""The functions of `fx_utils` that return a dict from descriptors to pairs of nodes."""
NAMED = frozenset({"get_named_param_nodes", "get_named_buffer_nodes"})
"""Those that return a dict from names to nodes."""
LISTED = frozenset({"get_param_nodes", "get_buffer_nodes"})
"""Those that return a list of nodes."""
FUNCTIONS = PAIRED | NAMED | LISTED


def with_classes(value: PassValue, classes: tuple[str, ...], holds: bool) -> PassValue:
    """A value of which it is known whether it is one of some classes."""
    if not classes or not isinstance(value, DescriptorValue | None):
        return value
    if value is None:
        return DescriptorValue(only=(classes,)) if holds else None
    if not holds:
        return replace(value, never=(*value.never, *classes))
    return replace(value, only=(*value.only, classes))


def item_of(value: PassValue) -> PassValue:
    """An item that iterating over a value gives."""
    if isinstance(value, Several):
        return value.item
    if isinstance(value, FxTable):
        return FxNode(value.function) if value.function in LISTED else key_of(value)
    if isinstance(value, DescriptorValue) and value.node is not None and not (value.only or value.never):
        # Only the descriptors of an output are iterated over.
        return DescriptorValue(node=FxNode(op="output"))
    return None


def key_of(table: FxTable) -> PassValue:
    """A key of what a function returns."""
    return FxKey(table.function) if table.function in NAMED else DescriptorValue(function=table.function)


def pair_of(table: FxTable) -> PassValue:
    """A value of what a function returns: a node, or a pair of nodes."""
    if table.function in NAMED:
        return FxNode(table.function)
    return FxNode(table.function), FxNode(table.function, 1)
