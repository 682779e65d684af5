"""Other guesses in the place of those that failed: other sizes, ranks, dtypes and kinds, one thing at a time."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ..calling.inputs import Inputs
from ..values import Arguments, Items, Tensor, Value, Written, tensors, with_tensor

_DTYPES = ("float32", "int64", "bool", "float64", "float16", "bfloat16")
MOST_OPTIONAL = 4
"""The number of optional arguments that are supplied."""


def of_other_sizes(arguments: Arguments) -> Iterator[Arguments]:
    """Yield a call's arguments with another size, for one axis or for all that have the same; or with another rank."""
    given = dict(tensors(arguments))
    sizes = {size for tensor in given.values() for size in tensor.shape}
    sizes |= {int(value.expression) for value in arguments.values() if value.expression.isdigit()}
    for size in sorted(sizes, reverse=True):
        for other in other_sizes(size, sizes):
            yield resized(arguments, _replacing(size, other))
    for path, tensor in given.items():
        for axis, size in enumerate(tensor.shape):
            if sum(size in other.shape for other in given.values()) > 1 or tensor.shape.count(size) > 1:
                shape = (*tensor.shape[:axis], 2 * size, *tensor.shape[axis + 1 :])
                yield with_tensor(arguments, path, replace(tensor, shape=shape))
        yield with_tensor(arguments, path, replace(tensor, shape=(2, *tensor.shape)))
        if tensor.shape:
            yield with_tensor(arguments, path, replace(tensor, shape=tensor.shape[1:]))
            yield with_tensor(arguments, path, replace(tensor, shape=(*tensor.shape, tensor.shape[-1])))


def of_other_kinds(inputs: Inputs, arguments: Arguments, all_dtypes: bool) -> Iterator[Arguments]:
    """Yield a call's arguments with another dtype or another kind of value, or with one more of them."""
    given = dict(tensors(arguments))
    dtypes = _DTYPES if all_dtypes else _DTYPES[:2]
    for path, tensor in given.items():
        for dtype in dtypes:
            if dtype != tensor.dtype:
                yield with_tensor(arguments, path, replace(tensor, dtype=dtype))
    if len(given) > 1:
        for dtype in dtypes:
            changed = arguments
            for path, tensor in given.items():
                changed = with_tensor(changed, path, replace(tensor, dtype=dtype))
            yield changed
    for name, value in arguments.items():
        if value.expression != "None":
            yield {**arguments, name: Written("None")}
            yield {**arguments, name: Items((value, value))}
    optional = [name for name in inputs.parameters if name not in arguments]
    for name in optional[:MOST_OPTIONAL]:
        for value in inputs.candidates(name)[:1]:
            if value.expression != "None":
                yield {**arguments, name: value}


def _replacing(size: int, other: int) -> Callable[[int], int]:
    return lambda one: other if one == size else one


def other_sizes(size: int, taken: set[int]) -> Iterator[int]:
    """Yield sizes to put into the place of one, larger and smaller, none of which means something else already."""
    larger = [other for other in (2 * size, 3 * size, 5 * size, size + 1) if other not in taken and other != size]
    smaller = [size // part for part in (2, 4, 8) if size % part == 0 and size > part and size // part not in taken]
    yield from larger[:1]
    yield from smaller[:2]
    if not smaller and len(larger) > 1:
        yield larger[1]


def resized(arguments: Arguments, change: Callable[[int], int]) -> Arguments:
    """The arguments with `change` applied to each size of a tensor and to each integer."""
    return {name: _resized(value, change) for name, value in arguments.items()}


def _resized(value: Value, change: Callable[[int], int]) -> Value:
    if isinstance(value, Tensor):
        return replace(value, shape=tuple(map(change, value.shape)))
    if isinstance(value, Items):
        return replace(value, items=tuple(_resized(item, change) for item in value.items))
    if isinstance(value, Written) and value.text.isdigit():
        return Written(str(change(int(value.text))))
    return value


@dataclass(frozen=True)
class OtherConstructor:
    """A constructor's call with another number: `size` has become `other`, at `places`.

    Both are None for a flag, and for one more argument.
    """

    expression: str
    places: frozenset[int] = frozenset()
    size: int | None = None
    other: int | None = None


class ConstructorCall:
    """The guesses in the text of a constructor's call: its numbers and flags.

    `is_known` says that there is nothing else in it, apart from configurations (`is_configuration` tells by name).
    """

    def __init__(self, expression: str, is_configuration: Callable[[str], bool]) -> None:
        self._tree = ast.parse(expression, mode="eval")
        self._constants: list[ast.Constant] = []
        call = self._tree.body
        self.is_known = isinstance(call, ast.Call) and self._reads(call, is_configuration)

    @property
    def count(self) -> int:
        """The number of guesses."""
        return len(self._constants)

    def _reads(self, call: ast.Call, is_configuration: Callable[[str], bool]) -> bool:
        for value in (*call.args, *(keyword.value for keyword in call.keywords)):
            if isinstance(value, ast.Constant) and (type(value.value) in (int, bool)):
                self._constants.append(value)
            elif isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, float)):
                continue
            elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and is_configuration(value.func.id):
                if not self._reads(value, is_configuration):
                    return False
            else:
                return False
        return True

    def with_argument(self, name: str, value: str) -> str:
        """The call with one more argument, whose code is `value`."""
        call = self._tree.body
        assert isinstance(call, ast.Call)
        more = ast.keyword(name, ast.parse(value, mode="eval").body)
        return ast.unparse(ast.Call(call.func, call.args, [*call.keywords, more]))

    def others(self) -> Iterator[OtherConstructor]:
        """Yield the call with one guess changed, or with all guesses of one size."""
        sizes = {item.value for item in self._constants if type(item.value) is int}
        for size in sorted(sizes, reverse=True):
            places = [index for index, item in enumerate(self._constants) if item.value is size or item.value == size]
            places = [index for index in places if type(self._constants[index].value) is int]
            for group in [places, *([place] for place in places if len(places) > 1)]:
                for other in list(other_sizes(size, sizes))[:2]:
                    yield self._with(group, other, size)
        for index, item in enumerate(self._constants):
            if type(item.value) is bool:
                yield self._with([index], not item.value, None)

    def _with(self, places: list[int], value: int, size: int | None) -> OtherConstructor:
        before = [(self._constants[place], self._constants[place].value) for place in places]
        for item, _ in before:
            item.value = value
        text = ast.unparse(self._tree)
        for item, old in before:
            item.value = old
        return OtherConstructor(text, frozenset(places), size, None if size is None else value)
