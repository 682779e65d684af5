"""The arguments of `forward`: ranked candidates for each, from annotations, the source, names and the module itself."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from ..building.parameters import VARIABLE, annotation_of
from ..reading.definitions import sizes_in
from ..reading.demand import NOTHING, Demand
from ..reading.entries import entries_read, entry_of
from ..reading.reader import Reader
from ..reading.row_indices import row_indices
from ..tables.graph_names import is_of_graph, of_groups
from ..tables.input_names import input_kind, kind_shapes
from ..tables.sizes import BATCH, LENGTH, MELS
from ..values import Arguments, Entries, Items, Several, Tensor, Value, Written, with_sizes_replaced
from .annotations import by_annotation, demand_of_annotation, is_sequence_of_tensors, is_tensor
from .documentation import Documentation
from .model_sizes import ModelSizes, attribute
from .shapes import Shapes


class Inputs:
    """Candidates for the arguments of one module's call. `built_with` has the constructor's integers by name."""

    def __init__(self, module: nn.Module, built_with: Mapping[str, int] | None = None) -> None:
        self.function: Callable[..., Any] = type(module).forward
        self.parameters = call_parameters(self.function)
        sizes = ModelSizes(module, built_with or {})
        self.width, self.head, self.vocabulary = sizes.width, sizes.head, sizes.vocabulary
        self._module = module
        self._mels = sizes.mels
        self._reader = Reader()
        self._shapes = Shapes(sizes)
        self._documentation = Documentation(module, self.function, sizes)
        self._demands: dict[str, Demand] = {}

    def first(self) -> list[str]:
        """The parameters to begin with: the required ones; if there are none, the main one."""
        groups = of_groups(set(self.parameters))
        required = [name for name, p in self.parameters.items() if p.default is p.empty and p.kind not in VARIABLE]
        if required:
            return [name for name in self.parameters if name in required or name in groups]
        main = attribute(self._module, "main_input_name")  # transformers
        if isinstance(main, str) and main in self.parameters:
            return [main]
        named = [name for name, p in self.parameters.items() if p.kind not in VARIABLE]
        return named[:1] or [name for name, p in self.parameters.items() if p.kind is p.VAR_POSITIONAL]

    def demand(self, name: str) -> Demand:
        """The known properties of a parameter's tensor."""
        if name not in self._demands:
            read = self._reader.of_parameter(self._module, name)
            documented = self._documentation.in_docstring(name)
            # A computed size in a docstring is what its author means; a rank alone is often out of date.
            first, second = (documented, read) if documented.axes else (read, documented)
            parameter = self.parameters.get(name)
            annotated = demand_of_annotation(parameter, self.function) if parameter is not None else NOTHING
            found = annotated.and_then(first).and_then(second)
            self._demands[name] = found.and_then(self._documentation.in_comment(name))
        return self._demands[name]

    def candidates(self, name: str) -> list[Value]:
        """The values to pass for a parameter, the likeliest first."""
        parameter = self.parameters.get(name)
        annotation = annotation_of(parameter, self.function) if parameter is not None else None
        demand = self.demand(name) if parameter is not None else NOTHING
        kind = input_kind(name)
        if is_of_graph(set(self.parameters)) and (of_graph := self._shapes.of_graph(name, demand)) is not None:
            return [of_graph]
        if (row := self._row(name, annotation, demand)) is not None:
            return [row, *(value for value in self._tensors(kind, demand) if value.expression != row.expression)]
        if (keys := self._keys(annotation, name)) and not is_tensor(annotation):
            return [self._dictionary(name, keys)]
        found: list[Value] = []
        if is_sequence_of_tensors(annotation) and (pyramid := self._shapes.pyramid()) is not None:
            found.append(pyramid)
        plain = by_annotation(self, annotation, name, demand)
        if plain is not None and not is_tensor(annotation):
            found += plain
        is_optional = type(None) in typing.get_args(annotation)
        if is_optional and parameter is not None and parameter.default is parameter.empty and kind != "rotary":
            found.append(Written("None"))
        if annotation is None and name in sizes_in(self.function):
            found.append(Written(str(LENGTH)))
        if plain is None or is_tensor(annotation):
            found += self._tensors(kind, demand)
        found = [self._shapes.of_image_size(value) for value in found or [Written("None")]]
        return list({value.expression: value for value in found}.values())

    def shapes(self, name: str) -> list[Value]:
        """The shapes that tensors usually have, the likeliest first, for a search that nothing else guides."""
        return self._shapes.all_ranks(self.demand(name))

    def tensor(self, demand: Demand, kind: str | None = None) -> Tensor:
        """A tensor that meets a demand; axes that it leaves open have their usual sizes."""
        return self._shapes.tensor(demand, kind)

    def _keys(self, annotation: Any, owner: str) -> tuple[str, ...]:
        """The keys of a dictionary: those that its type declares, or `forward` reads."""
        if typing.is_typeddict(annotation):
            return tuple(annotation.__annotations__)
        return entries_read(self.function, owner)

    def _row(self, name: str, annotation: Any, demand: Demand) -> Value | None:
        """The argument of a call whose rows others pick by their indices: all have equally many; None if none do.

        None too if axes have names, which say by themselves which of them are equal.
        """
        indices = row_indices(self.function)
        if not indices or (annotation is not None and not is_tensor(annotation)) or demand.dtype == "bool":
            return None
        if any(self.demand(each).names for each in self.parameters):
            return None
        if name in indices:
            return Tensor((LENGTH,), "int64", LENGTH)
        rank = max(1 if demand.dtype == "int64" else 2, demand.rank or 0)
        return self.tensor(replace(demand, rank=rank, axes={**demand.axes, 0: LENGTH}, names=()))

    def _dictionary(self, owner: str, keys: Collection[str]) -> Entries:
        """A dictionary with these keys, whose entries are tensors or such dictionaries."""
        items: list[tuple[str | int, Value]] = []
        for key in keys:
            entry = entry_of(owner, key)
            inner = entries_read(self.function, entry)
            demand = self._reader.of_parameter(self._module, entry)
            of_graph = self._shapes.of_graph(key, demand) if is_of_graph(set(keys)) else None
            plain = of_graph or self._tensors(input_kind(key), demand)[0]
            items.append((key, self._dictionary(entry, inner) if inner else plain))
        return Entries(tuple(items))

    def _tensors(self, kind: str | None, demand: Demand) -> list[Value]:
        """Tensors for an argument of that kind of input."""
        found: list[Value] = []
        if kind in ("image", "videos") and demand.rank is None and -1 in demand.axes:
            kind = None  # it goes into a layer for features
        if kind == "positions" and demand.dtype is None:
            demand = replace(demand, dtype="int64")
        if demand.rank is not None or (demand and kind in (None, "memory", "size")):
            found.append(self.tensor(demand, kind))
        for value in kind_shapes(kind, self.width):
            if isinstance(value, Tensor) and len(value.shape) < demand.lowest:
                continue
            value = with_sizes_replaced(value, MELS, self._mels) if kind == "spectrum" else value
            found.append(self._shapes.fitted(value, demand))
        if kind == "rotary":
            found.insert(0, Items((Tensor((BATCH, LENGTH, self.head)),) * 2))
            found.append(Items((Tensor((LENGTH, self.head)),) * 2))
        return found or [self.tensor(demand, kind)]


def call_parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a method by name, without the first."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return {}
    return {parameter.name: parameter for parameter in parameters[1:]}


def as_call(parameters: Mapping[str, inspect.Parameter], arguments: Arguments) -> tuple[list[Value], Arguments]:
    """The arguments by position as far as they follow each other from the first, and the others by name."""
    positional: list[Value] = []
    rest = dict(arguments)
    for name, parameter in parameters.items():
        if name not in rest or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
            break
        value = rest.pop(name)
        positional += value.items if isinstance(value, Several) else (value,)
    return positional, rest
