"""Sizes that are passed to torch: `x.view(B, T, self.n_head, -1)`, `torch.zeros(B, T)`, `torch.arange(T)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from .given import PASSED, PATTERN, Given, number_of, size_text

_OF_TENSOR = ("view", "reshape", "expand", "new_zeros", "new_ones", "new_empty", "new_full")
_OF_TORCH = ("zeros", "ones", "empty", "rand", "randn", "full", "arange")


def names_passed(function: ast.AST) -> Iterator[Given]:
    """Yield the names of the results of calls in a function whose arguments are sizes."""
    tuples = _tuples(function)
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        is_torch = isinstance(node.func.value, ast.Name) and node.func.value.id == "torch"
        name = node.func.attr
        if name in (_OF_TORCH if is_torch else _OF_TENSOR):
            yield from _sized(node, name, tuples)
        elif is_torch and name in ("reshape", "broadcast_to") and len(node.args) == 2:
            yield from _named(node, [node.args[1]], tuples)
        elif name == "split" and node.args:
            yield from _split(node, node.args[1:] if is_torch else node.args)
        elif name == "unflatten" and not is_torch and len(node.args) == 2:
            yield from _unflattened(node, tuples)


def _sized(node: ast.Call, name: str, tuples: Mapping[str, Sequence[ast.expr]]) -> Iterator[Given]:
    arguments = list(node.args)
    if not arguments:
        arguments = [keyword.value for keyword in node.keywords if keyword.arg in ("size", "shape", "end")]
    if name in ("full", "new_full"):
        arguments = arguments[:1]
    elif name == "arange" and (len(arguments) > 2 or (len(arguments) == 2 and not _is_zero(arguments[0]))):
        return
    elif name == "arange":
        arguments = arguments[-1:]
    yield from _named(node, arguments, tuples)


def _split(node: ast.Call, arguments: Sequence[ast.expr]) -> Iterator[Given]:
    """Yield the name of the size that pieces have: `qkv.split(self.n_embd, dim=2)`."""
    given: dict[str | None, ast.expr] = dict(zip(("size", "dim"), arguments))
    given.update((keyword.arg, keyword.value) for keyword in node.keywords)
    size = given.get("size", given.get("split_size", given.get("split_size_or_sections")))
    name = size_text(size) if size is not None else None
    axis = number_of(given["dim"]) if "dim" in given else 0
    if name is not None and axis is not None:
        names = (name, *(None,) * (-axis - 1)) if axis < 0 else (*(None,) * axis, name)
        yield Given(node, names, PATTERN, from_end=axis < 0, of_items=True)


def _unflattened(node: ast.Call, tuples: Mapping[str, Sequence[ast.expr]]) -> Iterator[Given]:
    axis, sizes = node.args
    names = [size_text(each) for each in _items(sizes, tuples)]
    if isinstance(axis, ast.UnaryOp) and isinstance(axis.operand, ast.Constant) and axis.operand.value == 1:
        yield Given(node, tuple(names), PASSED, from_end=True)
    elif isinstance(axis, ast.Constant) and type(axis.value) is int:
        yield Given(node, (*(None,) * axis.value, *names), PASSED)


def _named(node: ast.Call, arguments: Sequence[ast.expr], tuples: Mapping[str, Sequence[ast.expr]]) -> Iterator[Given]:
    """Yield the names of a result that has sizes as arguments, or one tuple of sizes."""
    if len(arguments) == 1:
        arguments = _items(arguments[0], tuples) or arguments
    starred = [place for place, each in enumerate(arguments) if isinstance(each, ast.Starred)]
    names = [size_text(each) for each in arguments]
    if not starred:
        yield Given(node, tuple(names), PASSED, is_all=True)
    else:
        yield Given(node, tuple(names[: starred[0]]), PASSED)
        yield Given(node, tuple(names[starred[-1] + 1 :]), PASSED, from_end=True)


def _items(node: ast.expr, tuples: Mapping[str, Sequence[ast.expr]]) -> Sequence[ast.expr]:
    if isinstance(node, (ast.Tuple, ast.List)):
        return node.elts
    return tuples.get(node.id, ()) if isinstance(node, ast.Name) else ()


def _tuples(function: ast.AST) -> dict[str, Sequence[ast.expr]]:
    """Return the tuples that are assigned to names which are assigned once."""
    values: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            values.setdefault(node.id, []).append(None)
    found: dict[str, Sequence[ast.expr]] = {}
    for name, each in values.items():
        assigned = [value for value in each if value is not None]
        if len(each) == 2 and len(assigned) == 1 and isinstance(assigned[0], ast.Tuple):  # the name itself is a store
            found[name] = assigned[0].elts
    return found


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0
