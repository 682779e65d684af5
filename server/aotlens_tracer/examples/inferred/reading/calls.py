"""The demands of one call, in the source of a function, on the argument that is followed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from ..tables.operations import DIMS_AFTER, NEW_AXIS, RANKS, WEIGHTED
from .demand import NOTHING, Demand, of_weight
from .einops_patterns import through_pattern
from .scope import Scope, called_name

_MOST_AXES = 6
"""A larger index of an axis is a width: functions of the user's are read like those of torch."""
_EINOPS = ("rearrange", "reduce", "repeat")


def demands_of_call(scope: Scope, node: ast.Call) -> Iterator[Demand]:
    """The demands of a call, in the order in which they count."""
    function = node.func
    if isinstance(function, ast.Attribute) and scope.is_same(function.value):
        yield _method(scope, function.attr, node)
        yield _least_by_axes(scope, function.attr, node, 0)
    yield _through_einops(scope, node)
    place = _place(node, scope.is_same)
    if place is None:
        yield _call_on_a_part(scope, node)
        return
    name = called_name(node)
    if name in _EINOPS and len(node.args) > 1 and place == 0:
        yield _pattern(scope, node)
        return
    if name == "einsum":
        yield _einsum(scope, node)
        return
    callee = scope.resolve(function)
    if place == 0:
        yield _least_by_axes(scope, name if _is_of_torch(callee) else "", node, 1)
    if place == 0 and not isinstance(callee, nn.Module):
        if name in WEIGHTED:
            yield _weighted(scope, name, node)
            return
        if callee is torch.where:
            yield Demand(dtype="bool")
            return
        if name in RANKS:
            yield Demand(RANKS[name])
            return
    yield scope.of_callee(callee, place)


def multiplied(scope: Scope, left: ast.expr, right: ast.expr) -> Demand:
    """The demand of `left @ right`, if the argument is on the left and a weight on the right."""
    weight = scope.resolve(right)
    if scope.is_same(left) and isinstance(weight, torch.Tensor) and weight.dim() >= 2:
        return of_weight(weight, -2)
    return NOTHING


def least_rank(axis: int) -> int:
    """The least rank of a tensor with that axis. Code that counts axes from the end expects at least two."""
    return axis + 1 if axis >= 0 else max(-axis, 2)


def numbers(node: ast.expr) -> list[int]:
    """The integers that are written out in `-1`, `(2, 3)` or `-3:`."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return [number for element in node.elts for number in numbers(element)]
    if isinstance(node, ast.Slice):
        return [number for number in numbers(node.lower) if number < 0] if node.lower is not None else []
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return []
    return [value] if type(value) is int else []


def _place(node: ast.Call, is_followed: Callable[[ast.expr], bool]) -> int | str | None:
    """The position or the name at which a call gets a value for which `is_followed` holds; None if it gets none."""
    for index, argument in enumerate(node.args):
        if is_followed(argument.value if isinstance(argument, ast.Starred) else argument):
            return index
    return next((word.arg for word in node.keywords if word.arg and is_followed(word.value)), None)


def _method(scope: Scope, name: str, node: ast.Call) -> Demand:
    """`x.permute(0, 2, 3, 1)`, `x.flatten(2)`, `x.matmul(weight)`."""
    if name == "permute" and node.args and not isinstance(node.args[0], ast.Starred):
        count = len(node.args[0].elts) if isinstance(node.args[0], (ast.Tuple, ast.List)) else len(node.args)
        return Demand(count)
    if name == "flatten" and node.args and getattr(node.args[0], "value", None) == 2:
        return Demand(4)
    if name == "matmul" and node.args:
        weight = scope.resolve(node.args[0])
        if isinstance(weight, torch.Tensor) and weight.dim() >= 2:
            return of_weight(weight, -2)
    return NOTHING


def _least_by_axes(scope: Scope, name: str, node: ast.Call, first: int) -> Demand:
    """`x.mean(dim=(2, 3))`, `F.normalize(x, dim=-1)`: axes that the argument must have.

    `first` is the position of the first argument after the tensor.
    """
    if name in NEW_AXIS:
        return NOTHING
    named = [word.value for word in node.keywords if word.arg in ("dim", "axis", "dims")]
    place = first + DIMS_AFTER.get(name, len(node.args))
    dims = named or ([node.args[place]] if place < len(node.args) else [])
    if name == "transpose":
        dims = node.args[first:]
    found = [number for dim in dims for number in numbers(dim)]
    found += [value for dim in dims if type(value := scope.resolve(dim)) is int]
    return Demand(least=max((least_rank(axis) for axis in found if axis < _MOST_AXES), default=0))


def _call_on_a_part(scope: Scope, node: ast.Call) -> Demand:
    """`self.net(ids[:, :-1])`: the net says that these are ids, but not how many there are.

    `self.conv(torch.cat([x, skip], dim=1))`: the layer says how many axes these have.
    """
    place = _place(node, scope.is_joined)
    if place is not None:
        demand = scope.of_callee(scope.resolve(node.func), place)
        return Demand(demand.rank, dtype=demand.dtype, least=demand.least)
    place = _place(node, scope.is_cut)
    demand = scope.of_callee(scope.resolve(node.func), place) if place is not None else NOTHING
    return Demand(demand.rank, dtype=demand.dtype, high=demand.high) if demand.dtype == "int64" else NOTHING


def _through_einops(scope: Scope, node: ast.Call) -> Demand:
    """The demand of a module that is called on what einops made of the argument."""
    callee = scope.resolve(node.func)
    rearranged = scope.rearrangement(node.args[0]) if node.args else None
    if rearranged is not None and isinstance(callee, nn.Module):
        return _pattern(scope, rearranged, scope.asked.of_place(callee, 0, scope.depth))
    return NOTHING


def _pattern(scope: Scope, node: ast.Call, after: Demand = NOTHING) -> Demand:
    """`rearrange(x, "b c (h p) w -> ...", p=4)`; `after` is the demand on the result."""
    pattern = node.args[1]
    if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str) and "->" in pattern.value):
        return NOTHING
    lengths: dict[str, int] = {}
    for word in node.keywords:
        value = word.value.value if isinstance(word.value, ast.Constant) else scope.resolve(word.value)
        if word.arg and isinstance(value, int):
            lengths[word.arg] = value
    return through_pattern(pattern.value, lengths, after)


def _einsum(scope: Scope, node: ast.Call) -> Demand:
    """`einsum("b n d, d e -> b n e", x, weight)`."""
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    operands = [a for a in node.args if not (isinstance(a, ast.Constant) and isinstance(a.value, str))]
    if not texts:
        return NOTHING
    terms = texts[0].split("->")[0].split(",")
    letters = [term.split() if " " in term.strip() else list(term.strip()) for term in terms]
    if len(letters) != len(operands) or any("." in name for term in letters for name in term):
        return NOTHING
    sizes: dict[str, int] = {}
    for term, operand in zip(letters, operands):
        value = scope.resolve(operand)
        if isinstance(value, torch.Tensor) and value.dim() == len(term):
            sizes.update(zip(term, value.shape))
    for term, operand in zip(letters, operands):
        if scope.is_same(operand):
            axes = {index: sizes[name] for index, name in enumerate(term) if name in sizes}
            return Demand(len(term), axes, tuple(term))
    return NOTHING


def _weighted(scope: Scope, name: str, node: ast.Call) -> Demand:
    """`F.linear(x, weight)`, `F.conv2d(x, weight)`, `F.embedding(x, weight)`."""
    found = scope.resolve(node.args[1]) if len(node.args) > 1 else None
    weight = found if isinstance(found, torch.Tensor) else None
    if name.startswith("conv"):
        rank = 2 + int(name[-2])
        groups = next((scope.resolve(word.value) for word in node.keywords if word.arg == "groups"), None)
        axis = 0 if "transpose" in name else 1
        is_known = weight is not None and weight.dim() == rank and not isinstance(groups, int)
        return Demand(rank, {1: weight.shape[axis]} if weight is not None and is_known else {})
    if weight is None or weight.dim() < 2:
        return NOTHING
    if name == "embedding":
        return Demand(2, dtype="int64", high=weight.shape[0])
    return of_weight(weight, -1 if name == "linear" else -2)


def _is_of_torch(callee: Any) -> bool:
    """Whether a function, or a module's class, is torch's own."""
    return (getattr(callee, "__module__", None) or "").partition(".")[0] == "torch"
