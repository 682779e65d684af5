"""The cluster that an option names: `mesh(dp=2, tp=4, rank=3)` or `world(8, rank=3)`; `dp=2,tp=4` outside examples.

Standard library only.
"""

from __future__ import annotations

import ast
import math

from .example_options import World
from .option_faults import Fault, WrongOption

MESH = "mesh"
WORLD = "world"
_RANK = "rank"
_SIZE = "size"


class OptionError(Exception):
    """An option that cannot be read. `node` is the part of the example's text that is wrong, None outside of one."""

    def __init__(self, code: str, fault: Fault, node: ast.expr | ast.keyword | None = None) -> None:
        super().__init__(code, fault)
        self.problem = WrongOption(code, fault)
        self.node = node


def world_in_call(call: ast.Call) -> World:
    """Return the cluster of `mesh(…)` or `world(…)`. Raises OptionError."""
    assert isinstance(call.func, ast.Name)
    return _mesh_in_call(call) if call.func.id == MESH else _size_in_call(call)


def world_in_text(world: World) -> str:
    """Return the option of an example that names a cluster: `mesh(dp=2, tp=4, rank=3)`."""
    parts = [f"{name}={size}" for name, size in world.mesh] or [str(world.size)]
    parts += [f"rank={world.rank}"] if world.rank else []
    return f"{MESH if world.mesh else WORLD}({', '.join(parts)})"


def world_in_words(mesh: str | None, size: int | None, rank: int | None) -> World | None:
    """Return the cluster of settings or options of the command line; None if neither a mesh nor a size is given.

    `mesh` has its dimensions as in `dp=2,tp=4`. Raises OptionError.
    """
    text = (mesh or "").strip()
    if not text and size is None:
        return None
    dimensions = tuple(_dimension(part, text) for part in text.split(",")) if text else ()
    _check_twice([name for name, _ in dimensions], text)
    if size is not None and size < 1:
        raise OptionError(str(size), "size")
    ranks = math.prod(number for _, number in dimensions) if dimensions else size
    assert ranks is not None
    if size is not None and ranks != size:
        raise OptionError(text, "other-size")
    if rank is not None and not 0 <= rank < ranks:
        raise OptionError(str(rank), "rank")
    return World(ranks, rank or 0, dimensions)


def whole_number(node: ast.expr) -> int | None:
    """Return the whole number that an expression is written as (`3`, `-1`); None if it is none."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = whole_number(node.operand)
        return None if number is None else -number
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def _mesh_in_call(call: ast.Call) -> World:
    if call.args:
        raise OptionError(ast.unparse(call), "no-name", call.args[0])
    rank: ast.keyword | None = None
    dimensions: list[tuple[str, int]] = []
    for keyword in call.keywords:
        if keyword.arg == _RANK:
            rank = keyword
        elif keyword.arg is None:
            raise OptionError(ast.unparse(call), "no-name", keyword.value)
        else:
            dimensions.append((keyword.arg, _size(keyword.value)))
    if not dimensions:
        raise OptionError(ast.unparse(call), "no-dimensions", call)
    _check_twice([name for name, _ in dimensions], ast.unparse(call))
    size = math.prod(number for _, number in dimensions)
    return World(size, _rank(rank, size), tuple(dimensions))


def _size_in_call(call: ast.Call) -> World:
    sizes = list(call.args)
    rank: ast.keyword | None = None
    for keyword in call.keywords:
        if keyword.arg == _RANK:
            rank = keyword
        elif keyword.arg == _SIZE:
            sizes.append(keyword.value)
        else:
            raise OptionError(ast.unparse(call), "keyword", keyword)
    if not sizes:
        raise OptionError(ast.unparse(call), "no-size", call)
    if len(sizes) > 1:
        raise OptionError(ast.unparse(call), "keyword", sizes[1])
    size = _size(sizes[0])
    return World(size, _rank(rank, size))


def _size(node: ast.expr) -> int:
    size = whole_number(node)
    if size is None or size < 1:
        raise OptionError(ast.unparse(node), "size", node)
    return size


def _rank(keyword: ast.keyword | None, size: int) -> int:
    if keyword is None:
        return 0
    rank = whole_number(keyword.value)
    if rank is None or not 0 <= rank < size:
        raise OptionError(ast.unparse(keyword.value), "rank", keyword.value)
    return rank


def _dimension(part: str, text: str) -> tuple[str, int]:
    name, equals, size = (item.strip() for item in part.partition("="))
    if not equals or not name.isidentifier():
        raise OptionError(text, "no-name")
    if not (size.isascii() and size.isdigit() and int(size) > 0):
        raise OptionError(part.strip(), "size")
    return name, int(size)


def _check_twice(names: list[str], text: str) -> None:
    if len(set(names)) < len(names):
        raise OptionError(text, "twice")
