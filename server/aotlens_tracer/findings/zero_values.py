"""Values of a graph that are zero whatever its inputs are, found by rules for torch's operators.

The rules are conservative: a value without a rule is unknown. Infinite values do not count (0 * inf is not zero).
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch

from .expressions import name_of
from .zero_bodies import zero_result
from .zero_parts import PARTS
from .zeros import Cause, Known, Node, Range, Rule, Zero, all_zero, argument, known_of, shape_of, whole


def zero_values(graph: torch.fx.Graph, given: Known | None = None) -> Known:
    """Return the nodes of a joint graph whose values are known to be zero, wholly or in part.

    `given` is what is known of the inputs of a body.
    """
    found: Known = dict(given or {})
    for node in graph.nodes:
        if node.op != "call_function":
            continue
        name = name_of(node)
        rule = _RULES.get(name) or (_backward if _is_backward(name) else None)
        value = rule(node, found) if rule is not None else None
        if value is None and node.target is operator.getitem:
            value = zero_result(node, found, zero_values)
        if value is not None:
            found[node] = value
    return found


def is_in_custom_backward(node: Node) -> bool:
    """Whether a node comes from the `backward` of an `autograd.Function`: torch gives its nodes no tag."""
    return "partitioner_tag" not in node.meta


def _made(node: Node, known: Known) -> Zero:
    """A tensor of zeros."""
    if is_in_custom_backward(node):
        return Zero(frozenset({("backward", node)}))
    # `zeros_like` is autograd's derivative of functions with steps. Other zeros fill up what a gradient lacks.
    is_derivative = name_of(node) == "zeros_like" and node.meta["partitioner_tag"] == "is_backward"
    return Zero(frozenset({("derivative", node)})) if is_derivative else Zero()


def _filled(node: Node, known: Known) -> Zero | None:
    position = {"scalar_tensor": 0, "new_full": 2}.get(name_of(node), 1)
    fill = argument(node, position, "s" if position == 0 else "fill_value")
    return _made(node, known) if isinstance(fill, (int, float)) and fill == 0 else None


def _same(node: Node, known: Known) -> Zero | None:
    return known_of(node.args[0], known)


def _of_zero(node: Node, known: Known) -> Zero | None:
    return whole(node.args[0], known)


def _product(node: Node, known: Known) -> Zero | None:
    """A product with a zero factor. A factor that is zero in part makes it so, if the other cannot mix the parts."""
    first, second = node.args[:2]
    factors = [value for given in (first, second) if (value := whole(given, known)) is not None]
    if factors:
        return _zero_product(node, factors)
    for given, other in ((first, second), (second, first)):
        value = known_of(given, known)
        if value is not None and _keeps_parts(value, given, other, node):
            return value
    return None


def _quotient(node: Node, known: Known) -> Zero | None:
    value = known_of(node.args[0], known)
    if value is None or value.left is None:
        return value
    return value if _keeps_parts(value, node.args[0], node.args[1], node) else None


def _keeps_parts(value: Zero, given: Any, other: Any, node: Node) -> bool:
    """Whether a product of `given` with `other` is zero where `value` is."""
    if isinstance(value.left, Range):
        return shape_of(given) == shape_of(node) is not None
    number = other.meta.get("val") if isinstance(other, Node) else other
    return not (number.is_complex() if isinstance(number, torch.Tensor) else isinstance(number, complex))


def _matrix_product(node: Node, known: Known) -> Zero | None:
    factors = [value for given in node.args[:2] if (value := whole(given, known)) is not None]
    return _zero_product(node, factors) if factors else None


def _added_product(node: Node, known: Known) -> Zero | None:
    """`addmm(added, left, right)`."""
    added = whole(node.args[0], known)
    factors = [value for given in node.args[1:3] if (value := whole(given, known)) is not None]
    if added is None or not factors:
        return None
    return Zero(added.causes | _zero_product(node, factors).causes)


def _zero_product(node: Node, factors: Sequence[Zero]) -> Zero:
    """A product in which these factors are zero. If none of them is a gradient, it is the product that kills one."""
    causes = frozenset[Cause]().union(*(value.causes for value in factors))
    return Zero(causes or frozenset({("factor", node)}))


def _sum(node: Node, known: Known) -> Zero | None:
    """A sum of two values that are zero, wholly or outside of the same part."""
    left, right = (known_of(given, known) for given in node.args[:2])
    if left is None or right is None:
        return None
    causes = left.causes | right.causes
    if left.left == right.left and not isinstance(left.left, Range):
        return Zero(causes, left.left)
    ranges = [value.left for value in (left, right) if isinstance(value.left, Range)]
    is_whole = [value.left is None for value in (left, right)]
    if not ranges:
        return Zero(causes, left.left or right.left) if any(is_whole) else None
    if len(ranges) + sum(is_whole) < 2 or len({each.dim for each in ranges}) > 1:
        return None
    if not all(shape_of(given) == shape_of(node) is not None for given in node.args[:2]):
        return None
    start, stop = min(each.start for each in ranges), max(each.stop for each in ranges)
    return Zero(causes, Range(ranges[0].dim, start, stop))


def _written(node: Node, known: Known) -> Zero | None:
    """A tensor into which another one is written."""
    position = 1 if name_of(node) in ("select_scatter", "slice_scatter") else 3
    return all_zero((node.args[0], argument(node, position, "src")), known)


def _is_backward(name: str) -> bool:
    """Whether an operator computes a derivative, its first argument being the gradient of the result."""
    return name.endswith("_backward") and not any(part in name for part in ("rnn", "lstm", "gru"))


def _backward(node: Node, known: Known) -> Zero | None:
    value = whole(node.args[0], known)
    return value if value is not None and value.causes else None


def _softmax_backward(node: Node, known: Known) -> Zero | None:
    """`_softmax_backward_data(gradient, output, dim, dtype)`. Over one element, the result of a softmax is constant."""
    gradient, shape = whole(node.args[0], known), shape_of(node.args[1])
    if gradient is not None or shape is None:
        return gradient
    return Zero(frozenset({("single", node)})) if not shape or shape[argument(node, 2, "dim")] == 1 else None


_KEEPS = ("neg", "clone", "detach", "alias", "_conj", "conj_physical", "resolve_conj", "resolve_neg")
"""Operators whose result is zero where their operand is."""
_ZERO_OF_ZERO = (
    *("_fft_c2c", "_fft_c2r", "_fft_r2c", "_to_copy", "abs", "as_strided", "cumsum", "diagonal", "expand", "flip"),
    *("gather", "imag", "index", "index_select", "mean", "real", "repeat", "roll", "split", "split_with_sizes"),
    *("squeeze", "tril", "triu", "unbind", "unfold", "unsqueeze"),
)
"""Operators whose results are zero if their first operand is."""
_RULES: dict[str, Rule] = {
    **PARTS,
    **dict.fromkeys(_KEEPS, _same),
    **dict.fromkeys(_ZERO_OF_ZERO, _of_zero),
    operator.getitem.__name__: _of_zero,
    **dict.fromkeys(("zeros", "zeros_like", "new_zeros"), _made),
    **dict.fromkeys(("full", "full_like", "new_full", "scalar_tensor"), _filled),
    "mul": _product,
    "div": _quotient,
    **dict.fromkeys(("mm", "bmm", "mv", "dot"), _matrix_product),
    **dict.fromkeys(("addmm", "baddbmm"), _added_product),
    **dict.fromkeys(("add", "sub"), _sum),
    "complex": lambda node, known: all_zero(node.args[:2], known),
    "where": lambda node, known: all_zero(node.args[1:3], known),
    **dict.fromkeys(("masked_fill", "index_put"), lambda node, known: all_zero((node.args[0], node.args[2]), known)),
    "constant_pad_nd": lambda node, known: all_zero((node.args[0], argument(node, 2, "value", 0)), known),
    **dict.fromkeys(("index_add", "index_copy", "scatter", "scatter_add", "select_scatter", "slice_scatter"), _written),
    **dict.fromkeys(("_softmax_backward_data", "_log_softmax_backward_data"), _softmax_backward),
}
"""The rules by the names of operators."""
