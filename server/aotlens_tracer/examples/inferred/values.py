"""The arguments of inferred examples. Each can be written as a Python expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Tensor:
    """A tensor by its shape and its dtype, an attribute of `torch`. Integers are below `high`, and ascend if sorted."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    high: int = 2
    is_sorted: bool = False

    @property
    def expression(self) -> str:
        """The expression that makes it."""
        sizes = ", ".join(map(str, self.shape)) or "()"
        if self.dtype == "float32":
            return f"torch.randn({sizes})"
        if self.dtype == "bool":
            return f"torch.ones({sizes}, dtype=torch.bool)"
        if self.is_integer:
            kind = "" if self.dtype == "int64" else f", dtype=torch.{self.dtype}"
            drawn = f"torch.randint({max(self.high, 1)}, {self.shape!r}{kind})"
            return f"{drawn}.sort().values" if self.is_sorted else drawn
        return f"torch.randn({sizes}, dtype=torch.{self.dtype})"

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers."""
        return "int" in self.dtype


@dataclass(frozen=True)
class Written:
    """Any other expression: a number, a class, the call of a constructor."""

    text: str

    @property
    def expression(self) -> str:
        """The expression."""
        return self.text


@dataclass(frozen=True)
class Items:
    """A list or a tuple."""

    items: tuple[Value, ...]
    is_list: bool = False

    @property
    def expression(self) -> str:
        """The expression that makes it."""
        inner = ", ".join(item.expression for item in self.items)
        if self.is_list:
            return f"[{inner}]"
        return f"({inner},)" if len(self.items) == 1 else f"({inner})"


@dataclass(frozen=True)
class Several(Items):
    """Several values for `*args`."""

    @property
    def expression(self) -> str:
        """The arguments, as a call has them."""
        return ", ".join(item.expression for item in self.items)


@dataclass(frozen=True)
class Entries:
    """A dictionary with strings or integers as keys."""

    items: tuple[tuple[str | int, Value], ...]

    @property
    def expression(self) -> str:
        """The expression that makes it."""
        return "{" + ", ".join(f"{key!r}: {value.expression}" for key, value in self.items) + "}"


PLACEHOLDER = "x"
"""The key of the tensor in a dictionary as long as nothing tells the real key."""
Value = Tensor | Written | Items | Entries
Arguments = dict[str, Value]
Path = tuple[str | int, ...]
"""The place of a tensor in arguments: the argument's name, then indices and keys."""


def tensors(arguments: Arguments) -> Iterator[tuple[Path, Tensor]]:
    """Every tensor in the arguments, with its path."""
    for name, value in arguments.items():
        yield from _tensors_in((name,), value)


def _tensors_in(path: Path, value: Value) -> Iterator[tuple[Path, Tensor]]:
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, Items):
        for index, item in enumerate(value.items):
            yield from _tensors_in((*path, index), item)
    elif isinstance(value, Entries):
        for key, item in value.items:
            yield from _tensors_in((*path, key), item)


def containers(arguments: Arguments) -> Iterator[tuple[Path, Items | Entries]]:
    """Every list, tuple and dictionary in the arguments, with its path; the outer ones first."""
    waiting: list[tuple[Path, Value]] = [((name,), value) for name, value in arguments.items()]
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, (Items, Entries)):
            yield path, value
            parts = enumerate(value.items) if isinstance(value, Items) else value.items
            waiting += [((*path, step), part) for step, part in parts]


def with_tensor(arguments: Arguments, path: Path, tensor: Value) -> Arguments:
    """The arguments with another value at `path`."""
    return {**arguments, str(path[0]): _replaced(arguments[str(path[0])], path[1:], tensor)}


def _replaced(value: Value, path: Path, new: Value) -> Value:
    if not path:
        return new
    if isinstance(value, Items):
        items = [_replaced(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value.items)]
        return replace(value, items=tuple(items))
    if isinstance(value, Entries):
        return Entries(
            tuple((key, _replaced(item, path[1:], new) if key == path[0] else item) for key, item in value.items)
        )
    return value


def with_sizes_replaced(value: Value, got: int, want: int) -> Value:
    """The value with tensors whose axes of the size `got` have the size `want`."""
    if isinstance(value, Tensor):
        return replace(value, shape=tuple(want if size == got else size for size in value.shape))
    if isinstance(value, Items):
        return replace(value, items=tuple(with_sizes_replaced(item, got, want) for item in value.items))
    if isinstance(value, Entries):
        return Entries(tuple((key, with_sizes_replaced(item, got, want)) for key, item in value.items))
    return value


def is_plain(value: object) -> bool:
    """Whether the repr of a value is an expression for it."""
    if type(value) is dict:
        return all(map(is_plain, (*value, *value.values())))
    if type(value) in (list, tuple) and isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


def call(callee: str, arguments: Arguments, positional: int = 0) -> str:
    """The expression that calls `callee`: the first `positional` arguments by position, the others by name."""
    parts = []
    for index, (name, value) in enumerate(arguments.items()):
        parts.append(value.expression if index < positional else f"{name}={value.expression}")
    return f"{callee}({', '.join(parts)})"
