"""The truth of dimensions: the same model twice, with other sizes, and what each operation made in both."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from aotlens_tracer.examples.evaluate import BuiltExample
from aotlens_tracer.graph.birthplaces import Birthplaces
from aotlens_tracer.torch_private import fake_mode, pytree
from aotlens_tracer.values.dimensions import Dimensions
from aotlens_tracer.values.functions import Functions
from aotlens_tracer.values.named import with_dimensions
from aotlens_tracer.values.record import record
from aotlens_tracer.values.results import values_of
from aotlens_tracer.wire.values import TensorValue

Build = Callable[..., tuple[nn.Module, tuple[Any, ...], dict[str, Any]]]


@dataclass
class Run:
    """What each operation made, and each module returned: its name, the sizes and the dimensions of each result."""

    made: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = field(default_factory=list)
    returned: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = field(default_factory=list)
    dimensions: Any = None
    output: Any = None
    example: Any = None


_BY_CHANCE = (torch.ops.aten.alias, torch.ops.aten.slice)
"""Operations that torch leaves out, depending on the sizes."""


class _Recording(Dimensions):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.run = Run(dimensions=self)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = super().__torch_dispatch__(func, types, args, kwargs)
        if func.overloadpacket not in _BY_CHANCE:
            self.run.made += self._described(str(func), result)
        return result

    def returned(self, module: nn.Module, args: Any, result: Any) -> None:
        self.run.returned += self._described(type(module).__name__, result)

    def _described(self, name: str, result: Any) -> list[Any]:
        items = pytree.tree_leaves(result)
        return [(name, tuple(item.shape), self.of(item)) for item in items if isinstance(item, torch.Tensor)]


def prepared(build: Build, make: type[Dimensions] = Dimensions, **sizes: int) -> tuple[BuiltExample, Any]:
    """Return a module with its arguments, built on fake tensors, and the mode that follows its dimensions."""
    mode, birthplaces = fake_mode(), Birthplaces()
    with warnings.catch_warnings(), birthplaces.recording():
        warnings.simplefilter("ignore")
        with mode:
            module, args, kwargs = build(**sizes)
    example = BuiltExample(module, args, kwargs, mode, None)
    return example, make(example, birthplaces)


def run(build: Build, **sizes: int) -> Run:
    """Call a module, and return what its operations made."""
    example, recording = prepared(build, _Recording, **sizes)
    assert example.module is not None
    for part in example.module.modules():
        part.register_forward_hook(recording.returned)
    with example.fake(), recording.following():
        recording.run.output = example.function(*example.args, **example.kwargs)
    recording.run.example = example
    return recording.run


@dataclass
class Verdict:
    """`wrong` are results one of whose dimensions changed otherwise than those that are said to be the same."""

    total: int = 0
    known: int = 0
    wrong: list[str] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)


def compare(before: Run, after: Run) -> Verdict:
    """Compare two runs: dimensions that are the same have the same size in the other run too.

    What modules return stands for the operations where the number of these depends on sizes.
    """
    pairs = list(zip(before.returned + before.made, after.returned + after.made))
    if [one[0] for one in before.made] != [one[0] for one in after.made]:
        pairs = list(zip(before.returned, after.returned))
    assert len(before.returned) == len(after.returned)
    verdict = Verdict()
    sizes: dict[int, tuple[Any, str]] = {}
    dimensions = before.dimensions
    for (name, shape, dims), (_, other, _) in pairs:
        for axis, (dimension, size) in enumerate(zip(dims, other)):
            root = dimensions.sizes.root(dimension)
            place = f"{name} {shape} -> {other} axis {axis}"
            known = sizes.setdefault(root, (size, place))
            if known[0] != size:
                verdict.wrong.append(f"{place}, but {known[1]}")
            verdict.total += 1
            if dimensions.origins_of(dimension) or shape[axis] == 1 or root in dimensions.sizes.formulas:
                verdict.known += 1
            else:
                verdict.unknown[name] += 1
    return verdict


@dataclass(frozen=True)
class Named:
    """The names of the dimensions of each recorded expression, by its place; `share` is that of dimensions with one."""

    names: dict[Any, set[tuple[str, ...]]]
    share: float


def named(build: Build, **sizes: int) -> Named:
    """Record a call of a module, and return the names of the dimensions of what its own code had."""
    example, dimensions = prepared(build, **sizes)
    assert example.module is not None
    modules = {type(module).__module__ for module in example.module.modules()}
    files = [sys.modules[name].__file__ or "" for name in modules if not name.startswith("torch.")]
    recorder, error = record(Functions(files), example, dimensions)
    assert error is None
    values = with_dimensions(values_of(recorder, None, "fake", 0.0), dimensions)
    found: dict[Any, set[tuple[str, ...]]] = {}
    counts: Counter[bool] = Counter()
    for file in values.files:
        for each in file.recorded:
            for seen in each.seen:
                value = values.values[seen.value]
                if isinstance(value, TensorValue):
                    known = [values.dimensions[axis].names if axis is not None else () for axis in value.dims]
                    counts.update(bool(names) for names in known)
                    place = file.path, each.line, each.column, each.end_line, each.end_column, each.role
                    found.setdefault(place, set()).add(tuple(names[0] if names else "?" for names in known))
    return Named(found, counts[True] / counts.total())
