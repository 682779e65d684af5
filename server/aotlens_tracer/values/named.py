"""The names of the dimensions of recorded values, put into these."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..wire.values import (
    ContainerValue,
    Dimension,
    ExpressionRole,
    FileValues,
    Recorded,
    TensorValue,
    Values,
)
from .dimensions import Dimensions
from .naming.code import Code, Function, end_of, start_of
from .naming.given import CONSTRUCTOR, PATTERN, Given
from .naming.names import Names, Scope
from .naming.patterns import names_annotated, names_in_patterns, names_of_side
from .naming.shapes_read import names_read
from .naming.sizes_passed import names_passed
from .rewriting import Rewriting

_Place = tuple[int, int, int, int]


def with_dimensions(values: Values, dimensions: Dimensions) -> Values:
    """Return recorded values with names and origins of their sizes.

    The tensors among `values` have in `dims` what `dimensions.of` said of them. Values that differ in nothing that is
    shown become one.
    """
    code = dimensions.origins.code
    names = Names(dimensions.sizes)
    for dimension, size in dimensions.origins.written():
        names.give(dimension, size.text, size.path, size.line, CONSTRUCTOR)
    for pattern, before, after, span in dimensions.patterns:
        for side, dims in zip(pattern.split("->"), (before, after)):
            for texts, from_end in names_of_side(side):
                start = len(dims) - len(texts) if from_end else 0
                for dimension, text in zip(dims[start:], texts):
                    if text is not None:
                        names.give(dimension, text, span.path if span else "", span.line if span else 0, PATTERN)
    for file in values.files:
        _read_names(file, values, code, names)
    naming = _Naming(dimensions, names)
    rewriting = Rewriting(values, naming.tensor, naming.merged)
    files = tuple(rewriting.file(file, _classes(file.path, code)) for file in values.files)
    return _without_unused(replace(values, files=files, values=tuple(rewriting.values)), tuple(naming.dimensions))


def _without_unused(values: Values, dimensions: Sequence[Dimension]) -> Values:
    """Return values without those, and without those dimensions, that nothing has any more."""
    used: dict[int, int] = {}

    def tensor(value: TensorValue, scope: Scope) -> TensorValue:
        dims = (used.setdefault(each, len(used)) if each is not None else None for each in value.dims)
        return replace(value, dims=tuple(dims))

    rewriting = Rewriting(values, tensor)
    files = tuple(rewriting.file(file, ()) for file in values.files)
    kept = tuple(dimensions[each] for each in used)
    return replace(values, files=files, values=tuple(rewriting.values), dimensions=kept)


def _read_names(file: FileValues, values: Values, code: Code, names: Names) -> None:
    """Note the names that the code of one file gives to what was recorded there."""
    places: dict[_Place, list[Recorded]] = {}
    for recorded in file.recorded:
        key = (recorded.line, recorded.column, recorded.end_line, recorded.end_column)
        places.setdefault(key, []).append(recorded)
    for function, _ in code.functions(file.path):
        for given in _given(function):
            roles: tuple[ExpressionRole, ...] = ("argument",) if isinstance(given.node, ast.arg) else ("expression",)
            key = (*start_of(file.path, given.node), *end_of(file.path, given.node))
            for recorded in places.get(key, ()):
                for seen in recorded.seen if recorded.role in roles else ():
                    for value in _tensors(values, seen.value, given.of_items):
                        for axis, text in given.on(len(value.dims)).items():
                            dimension = value.dims[axis]
                            if dimension is not None:
                                names.give(dimension, text, file.path, given.node.lineno, given.rank)


def _tensors(values: Values, index: int, are_items: bool) -> Iterator[TensorValue]:
    """Yield a value that is a tensor, or the tensors of equal sizes that it holds."""
    value = values.values[index]
    if are_items:
        items = [values.values[item.value] for item in value.items] if isinstance(value, ContainerValue) else []
        tensors = [item for item in items if isinstance(item, TensorValue)]
        yield from (tensor for tensor in tensors if tensor.dims and tensor.shape == tensors[0].shape)
    elif isinstance(value, TensorValue) and len(value.dims) == len(value.shape):
        yield value


def _given(function: Function) -> Iterator[Given]:
    yield from names_read(function)
    yield from names_passed(function)
    yield from names_in_patterns(function)
    yield from names_annotated(function)


class _Naming:
    """Dimensions as the wire has them: the same names and origins are one."""

    def __init__(self, dimensions: Dimensions, names: Names) -> None:
        self.dimensions: dict[Dimension, int] = {}
        self._list: list[Dimension] = []
        self._followed = dimensions
        self._names = names
        self._read: dict[tuple[int, Scope], int | None] = {}

    def tensor(self, value: TensorValue, scope: Scope) -> TensorValue:
        """Return a tensor with its dimensions, named as a scope names them."""
        return replace(value, dims=tuple(self._dimension(dimension, scope) for dimension in value.dims))

    def _dimension(self, dimension: int | None, scope: Scope) -> int | None:
        if dimension is None:
            return None
        key = dimension, scope
        if key not in self._read:
            made = Dimension(self._names.of(dimension, scope), self._followed.origins_of(dimension))
            self._read[key] = self._index(made)
        return self._read[key]

    def _index(self, dimension: Dimension) -> int | None:
        if not dimension.names and not dimension.origins:
            return None
        if dimension not in self.dimensions:
            self.dimensions[dimension] = len(self._list)
            self._list.append(dimension)
        return self.dimensions[dimension]

    def merged(self, one: TensorValue, other: TensorValue) -> TensorValue | None:
        """Return a tensor for two of the same sizes and names, with what both have in common; None if they differ."""
        if replace(one, dims=()) != replace(other, dims=()):
            return None
        dims: list[int | None] = []
        for first, second in zip(one.dims, other.dims):
            both = self._common(first, second)
            if both is None:
                return None
            dims.append(self._index(both))
        return replace(one, dims=tuple(dims))

    def _common(self, one: int | None, other: int | None) -> Dimension | None:
        first = self._list[one] if one is not None else Dimension()
        second = self._list[other] if other is not None else Dimension()
        if first.names[:1] != second.names[:1]:
            return None
        names = tuple(name for name in first.names if name in second.names)
        return Dimension(names, tuple(origin for origin in first.origins if origin in second.origins))


def _classes(path: str, code: Code) -> list[tuple[int, int]]:
    """Return the first and last lines of the classes of a file, inner ones first."""
    tree = code.tree(path)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)] if tree is not None else []
    return sorted(((node.lineno, node.end_lineno or node.lineno) for node in nodes), key=lambda span: span[1] - span[0])
