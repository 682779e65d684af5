"""Rules for operators that select a part of a value, or move it: where the value is zero afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .expressions import name_of
from .zeros import Cause, Known, Node, Range, Rule, Zero, argument, known_of, shape_of, whole


def _joined(node: Node, known: Known) -> Zero | None:
    """Tensors one after another. Those that are zero at either end leave a range between them."""
    parts = argument(node, 0, "tensors")
    zeros = [whole(part, known) for part in parts]
    causes = frozenset[Cause]().union(*(value.causes for value in zeros if value is not None))
    others = [index for index, value in enumerate(zeros) if value is None]
    shape = shape_of(node)
    if not others:
        return Zero(causes)
    if shape is None or len(others) == len(parts):
        return None
    dim = argument(node, 1, "dim", 0) % len(shape)
    sizes = [1 if name_of(node) == "stack" else part.meta["val"].shape[dim] for part in parts]
    start, stop = sum(sizes[: others[0]]), sum(sizes[: others[-1] + 1])
    return Zero(causes | {("part", node)}, Range(dim, start, stop))


def _selected_backward(node: Node, known: Known) -> Zero | None:
    """The gradient of a value of which one index is used: `select_backward(gradient, sizes, dim, index)`."""
    index = argument(node, 3, "index")
    return _part_of_gradient(node, known, index, None if index == -1 else index + 1)


def _sliced_backward(node: Node, known: Known) -> Zero | None:
    """The gradient of a value of which a range is used: `slice_backward(gradient, sizes, dim, start, end, step)`."""
    return _part_of_gradient(node, known, argument(node, 3, "start"), argument(node, 4, "end"))


def _part_of_gradient(node: Node, known: Known, start: Any, stop: Any) -> Zero | None:
    gradient = whole(node.args[0], known)
    sizes, dim = argument(node, 1, "input_sizes"), argument(node, 2, "dim")
    if gradient is not None or not _are_numbers(start, stop, sizes[dim]):
        return gradient
    start, stop, _ = slice(start, stop).indices(sizes[dim])
    return Zero(frozenset({("part", node)}), Range(dim % len(sizes), start, stop))


def _are_numbers(*values: Any) -> bool:
    """Whether bounds are known: a number or None, and not a symbolic size."""
    return all(value is None or isinstance(value, int) for value in values)


def _selected(node: Node, known: Known) -> Zero | None:
    value, shape = known_of(node.args[0], known), shape_of(node.args[0])
    if value is None or not isinstance(left := value.left, Range):
        return value
    dim, index = argument(node, 1, "dim"), argument(node, 2, "index")
    if shape is None or not _are_numbers(index):
        return None
    dim %= len(shape)
    if dim != left.dim:
        return replace(value, left=replace(left, dim=left.dim - (dim < left.dim)))
    return None if left.start <= index % shape[dim] < left.stop else replace(value, left=None)


def _sliced(node: Node, known: Known) -> Zero | None:
    value, shape = known_of(node.args[0], known), shape_of(node.args[0])
    if value is None or not isinstance(left := value.left, Range):
        return value
    dim, start, stop = argument(node, 1, "dim", 0), argument(node, 2, "start"), argument(node, 3, "end")
    if shape is None or not _are_numbers(start, stop):
        return None
    dim %= len(shape)
    if dim != left.dim:
        return value
    start, stop, _ = slice(start, stop).indices(shape[dim])
    return replace(value, left=None) if stop <= left.start or left.stop <= start else None


def _summed(node: Node, known: Known) -> Zero | None:
    value, shape = known_of(node.args[0], known), shape_of(node.args[0])
    if value is None or not isinstance(left := value.left, Range):
        return value
    dims = argument(node, 1, "dim")
    if shape is None or not isinstance(dims, (list, tuple)) or not dims:
        return None
    summed = {dim % len(shape) for dim in dims}
    if left.dim in summed:
        return None
    gone = 0 if argument(node, 2, "keepdim", False) else sum(dim < left.dim for dim in summed)
    return replace(value, left=replace(left, dim=left.dim - gone))


def _moved(node: Node, known: Known) -> Zero | None:
    """A view with its dimensions in another order."""
    value, shape = known_of(node.args[0], known), shape_of(node.args[0])
    if value is None or not isinstance(left := value.left, Range):
        return value
    if shape is None:
        return None
    order = list(range(len(shape)))
    if name_of(node) == "permute":
        order = [dim % len(shape) for dim in argument(node, 1, "dims")]
    elif len(shape) > 1:
        one, other = (0, 1) if name_of(node) == "t" else (argument(node, 1, "dim0"), argument(node, 2, "dim1"))
        order[one], order[other] = order[other], order[one]
    return replace(value, left=replace(left, dim=order.index(left.dim)))


def _viewed(node: Node, known: Known) -> Zero | None:
    value, shape = known_of(node.args[0], known), shape_of(node)
    if value is None or not isinstance(value.left, Range):
        return value
    return value if shape is not None and shape == shape_of(node.args[0]) else None


def _as_complex(node: Node, known: Known) -> Zero | None:
    """A complex value whose real and imaginary parts are the two indices of the last dimension."""
    value, shape = known_of(node.args[0], known), shape_of(node.args[0])
    if value is None or not isinstance(left := value.left, Range):
        return value
    if shape is None:
        return None
    if left.dim != len(shape) - 1:
        return value
    return replace(value, left="imaginary" if left.start else "real") if left.stop - left.start == 1 else None


def _as_real(node: Node, known: Known) -> Zero | None:
    value, shape = known_of(node.args[0], known), shape_of(node)
    if value is None or value.left is None or isinstance(value.left, Range) or shape is None:
        return value
    start = 0 if value.left == "real" else 1
    return replace(value, left=Range(len(shape) - 1, start, start + 1))


PARTS: dict[str, Rule] = {
    **dict.fromkeys(("cat", "stack"), _joined),
    "select_backward": _selected_backward,
    "slice_backward": _sliced_backward,
    "select": _selected,
    "slice": _sliced,
    "sum": _summed,
    **dict.fromkeys(("t", "transpose", "permute"), _moved),
    **dict.fromkeys(("view", "_unsafe_view", "reshape"), _viewed),
    "view_as_complex": _as_complex,
    "view_as_real": _as_real,
}
"""The rules by the names of operators."""
