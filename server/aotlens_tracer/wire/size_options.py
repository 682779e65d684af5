"""The sizes of an argument that may change, as an example says them: `x: dynamic(0)`, `x: {0: Dim("batch", min=2)}`.

Standard library only.
"""

from __future__ import annotations

import ast

from .example_options import DynamicSize
from .world_options import OptionError, whole_number

_DYNAMIC = "dynamic"
_DIM = "Dim"


def sizes_in(statement: ast.AnnAssign) -> tuple[DynamicSize, ...]:
    """Return the sizes of one argument that may change. Raises OptionError."""
    argument, said = ast.unparse(statement.target), statement.annotation
    if isinstance(said, ast.Call) and isinstance(said.func, ast.Name) and said.func.id == _DYNAMIC:
        return _marked(argument, said)
    if isinstance(said, ast.Dict):
        pairs = zip(said.keys, said.values, strict=True)
        sizes = [_of_dim(argument, _dimension(key, said), value) for key, value in pairs]
        return _none_missing(tuple(size for size in sizes if size is not None), said)
    if isinstance(said, (ast.Tuple, ast.List)):
        sizes = [_of_dim(argument, index, value) for index, value in enumerate(said.elts)]
        return _none_missing(tuple(size for size in sizes if size is not None), said)
    raise OptionError(ast.unparse(said), "unknown", said)


def _none_missing(sizes: tuple[DynamicSize, ...], said: ast.expr) -> tuple[DynamicSize, ...]:
    if not sizes:
        raise OptionError(ast.unparse(said), "no-sizes", said)
    return sizes


def _marked(argument: str, call: ast.Call) -> tuple[DynamicSize, ...]:
    """Return the sizes of `dynamic(0, name="batch", min=2, max=64)`."""
    name, minimum, maximum = _name_and_bounds(call)
    dimensions = [_dimension(node, call) for node in call.args]
    sizes = tuple(DynamicSize(argument, dimension, name, minimum, maximum) for dimension in dimensions)
    return _none_missing(sizes, call)


def _of_dim(argument: str, dimension: int, said: ast.expr) -> DynamicSize | None:
    """Return the size of one dimension, from what stands for it in torch.export's `dynamic_shapes`; None if fixed.

    `Dim("batch", min=2)`, `Dim.DYNAMIC`, `Dim.AUTO` and `Dim.STATIC` may be written with their module. A string is the
    name of the size.
    """
    if isinstance(said, ast.Constant) and said.value is None:
        return None
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        return DynamicSize(argument, dimension, said.value)
    if isinstance(said, ast.Attribute) and _last_name(said.value) == _DIM:
        if said.attr == "STATIC":
            return None
        if said.attr in ("DYNAMIC", "AUTO"):
            return DynamicSize(argument, dimension, is_strict=said.attr != "AUTO")
    if isinstance(said, ast.Call):
        if _last_name(said.func) == _DIM and len(said.args) == 1:
            name = said.args[0]
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                raise OptionError(ast.unparse(name), "size-name", name)
            _, minimum, maximum = _name_and_bounds(said)
            return DynamicSize(argument, dimension, name.value, minimum, maximum)
        if isinstance(said.func, ast.Attribute) and _last_name(said.func.value) == _DIM and not said.args:
            _, minimum, maximum = _name_and_bounds(said)  # Dim.DYNAMIC(min=2)
            return DynamicSize(argument, dimension, None, minimum, maximum, said.func.attr != "AUTO")
    raise OptionError(ast.unparse(said), "unknown", said)


def _name_and_bounds(call: ast.Call) -> tuple[str | None, int | None, int | None]:
    found: dict[str | None, ast.expr] = {keyword.arg: keyword.value for keyword in call.keywords}
    for keyword in call.keywords:
        if keyword.arg not in ("name", "min", "max"):
            raise OptionError(ast.unparse(call), "keyword", keyword)
    name = found.get("name")
    if name is not None and not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        raise OptionError(ast.unparse(name), "size-name", name)
    minimum, maximum = _bound(found.get("min")), _bound(found.get("max"))
    if minimum is not None and maximum is not None and minimum > maximum:
        raise OptionError(ast.unparse(call), "bounds", call)
    return name.value if isinstance(name, ast.Constant) else None, minimum, maximum  # type: ignore[return-value]  # str


def _bound(node: ast.expr | None) -> int | None:
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return None
    bound = whole_number(node)
    if bound is None or bound < 0:
        raise OptionError(ast.unparse(node), "bounds", node)
    return bound


def _dimension(node: ast.expr | None, said: ast.expr) -> int:
    dimension = whole_number(node) if node is not None else None
    if dimension is None:
        raise OptionError(ast.unparse(node or said), "dimension", node or said)
    return dimension


def _last_name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
