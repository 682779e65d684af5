"""Names that get sizes: `B, T, C = x.shape`, `n = x.size(1)`, `b, n, _, h = *x.shape, self.heads`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from .given import SHAPE, Given, number_of


def names_read(function: ast.AST) -> Iterator[Given]:
    """Yield the names of sizes that a function's assignments give."""
    shapes = _kept_shapes(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _assigned(target, _of_kept(node.value, shapes))
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            yield from _assigned(node.target, _of_kept(node.value, shapes))


def _kept_shapes(function: ast.AST) -> dict[str, ast.expr]:
    """Return the shapes that names which are bound once stand for: `shape = x.shape`."""
    bound: dict[str, int] = {}
    shapes: dict[str, ast.expr] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound[node.id] = bound.get(node.id, 0) + 1
        elif isinstance(node, ast.arg):
            bound[node.arg] = bound.get(node.arg, 0) + 1
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_shape(node.value):
            shapes[node.targets[0].id] = node.value
    return {name: value for name, value in shapes.items() if bound[name] == 1}


def _is_shape(value: ast.expr) -> bool:
    is_part = isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice)
    return _shape(value.value if is_part and isinstance(value, ast.Subscript) else value) is not None


def _of_kept(value: ast.expr, shapes: Mapping[str, ast.expr]) -> ast.expr:
    """Return a value with the shape in place of its name: `shape`, `shape[1]`."""
    if isinstance(value, ast.Name):
        return shapes.get(value.id, value)
    is_whole = isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name)
    if is_whole and isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
        shape = shapes.get(value.value.id)
        if shape is not None and _shape(shape) is not None:
            return ast.Subscript(shape, value.slice, ast.Load())
    return value


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[Given]:
    if isinstance(target, (ast.Tuple, ast.List)):
        if isinstance(value, (ast.Tuple, ast.List)):
            yield from _pairwise(target.elts, value.elts)
        else:
            yield from _unpacked(target.elts, value)
        return
    owner, axis = _item(value)
    if owner is not None and axis is not None:
        names = (_name(target), *(None,) * (-axis - 1)) if axis < 0 else (*(None,) * axis, _name(target))
        yield Given(owner, names, SHAPE, from_end=axis < 0)


def _pairwise(targets: Sequence[ast.expr], values: Sequence[ast.expr]) -> Iterator[Given]:
    """Yield the names of an assignment of a tuple, one of whose items may be a whole shape."""
    starred = [place for place, value in enumerate(values) if isinstance(value, ast.Starred)]
    if not starred:
        if len(targets) == len(values) and not any(isinstance(target, ast.Starred) for target in targets):
            for target, value in zip(targets, values):
                yield from _assigned(target, value)
    elif len(starred) == 1:
        place, after = starred[0], len(values) - starred[0] - 1
        item = values[place]
        assert isinstance(item, ast.Starred)
        yield from _unpacked(targets[place : len(targets) - after], item.value)
        yield from _pairwise(targets[:place], values[:place])
        yield from _pairwise(targets[len(targets) - after :], values[place + 1 :])


def _unpacked(targets: Sequence[ast.expr], value: ast.expr) -> Iterator[Given]:
    """Yield the names that a shape, or a part of it, is unpacked to."""
    owner, from_end = _shape(value), False
    is_all = owner is not None
    if owner is None and isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
        owner, lower, upper = _shape(value.value), number_of(value.slice.lower), number_of(value.slice.upper)
        if value.slice.step is not None:
            return
        if value.slice.lower is None or lower == 0:
            is_first = value.slice.upper is None or (upper is not None and (upper < 0 or upper == len(targets)))
            owner = owner if is_first else None
        elif lower is not None and value.slice.upper is None:
            from_end = lower < 0 and -lower == len(targets)
            if lower > 0:
                targets = [*[ast.Name("_", ast.Store())] * lower, *targets]
                is_all = True
            elif not from_end:
                owner = None
        else:
            owner = None
    if owner is None:
        return
    starred = [place for place, target in enumerate(targets) if isinstance(target, ast.Starred)]
    if not starred:
        yield Given(owner, tuple(map(_name, targets)), SHAPE, from_end, is_all)
    elif len(starred) == 1 and not from_end:
        yield Given(owner, tuple(map(_name, targets[: starred[0]])), SHAPE)
        if is_all:
            yield Given(owner, tuple(map(_name, targets[starred[0] + 1 :])), SHAPE, from_end=True)


def _item(value: ast.expr) -> tuple[ast.expr | None, int | None]:
    """Return the tensor and the axis of one size: `x.shape[1]`, `x.size(1)`, `x.size()[1]`, `len(x)`."""
    if isinstance(value, ast.Subscript):
        return _shape(value.value), number_of(value.slice)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "size":
        given = [*value.args, *(keyword.value for keyword in value.keywords if keyword.arg == "dim")]
        return (value.func.value, number_of(given[0])) if len(given) == 1 else (None, None)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "len":
        return (value.args[0], 0) if len(value.args) == 1 else (None, None)
    return None, None


def _shape(value: ast.expr) -> ast.expr | None:
    """Return the tensor whose whole shape a value is."""
    if isinstance(value, ast.Attribute) and value.attr == "shape":
        return value.value
    is_call = isinstance(value, ast.Call) and not value.args and not value.keywords
    if is_call and isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "size":
        return value.func.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("list", "tuple"):
        return _shape(value.args[0]) if len(value.args) == 1 else None
    return None


def _name(target: ast.expr) -> str | None:
    """Return the name that a target is; names that begin with `_` say that nobody needs them."""
    text = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else "_"
    return None if text.startswith("_") else text
