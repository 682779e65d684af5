"""Compares recorded values with a run on real tensors: the share of executed tensor assignments that agree."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from aotlens_tracer.examples.evaluate import BuiltExample
from aotlens_tracer.failures import is_library
from aotlens_tracer.torch_private import fake_mode
from aotlens_tracer.values.functions import Functions
from aotlens_tracer.values.record import record
from aotlens_tracer.values.results import values_of
from aotlens_tracer.wire.values import TensorValue, Values

from .real_run import Assigned, Fact, run_traced

Example = Callable[[], "tuple[nn.Module, tuple[Any, ...], dict[str, Any]]"]
"""Builds a module and the arguments of its call."""


@dataclass(frozen=True)
class Comparison:
    """How many tensor assignments ran, how many of them were recorded with the same shape and dtype, and the others."""

    executed: int
    agreeing: int
    missed: list[tuple[Assigned, Fact, int]]
    weights: str

    @property
    def share(self) -> float:
        """The share of agreeing assignments."""
        return self.agreeing / self.executed if self.executed else 1.0


def compare(example: Example, extra: tuple[str, ...] = ()) -> Comparison:
    """Record an example's call, and compare it with the same call on real tensors."""
    torch.manual_seed(0)
    module, args, kwargs = example()
    paths = {*files_of(module), *extra}
    torch.manual_seed(1)
    truth = run_traced(lambda: module(*args, **kwargs), paths)
    if truth.error is not None:
        raise truth.error
    values = recorded_values(example, paths)
    counts: Counter[tuple[Assigned, Fact]] = Counter()
    for file in values.files:
        for each in file.recorded:
            if each.role != "target":
                continue
            for seen in each.seen:
                value = values.values[seen.value]
                if isinstance(value, TensorValue):
                    fact = tuple(value.shape), value.dtype
                    counts[(file.path, each.line, each.column), fact] += seen.times  # type: ignore[index]
    agreeing = truth.counts & counts
    missed = [(*key, count - agreeing[key]) for key, count in truth.counts.items() if count > agreeing[key]]
    return Comparison(truth.counts.total(), agreeing.total(), missed, values.weights)


def recorded_values(example: Example, paths: set[str]) -> Values:
    """Record the call on fake tensors; on real ones if it fails on these, as a call that reads data does."""
    mode = fake_mode()
    torch.manual_seed(0)
    with mode:
        module, args, kwargs = example()
    functions = Functions(paths)
    torch.manual_seed(1)
    recorder, error = record(functions, BuiltExample(module, args, kwargs, mode, None))
    if error is None:
        return values_of(recorder, None, "fake", 0.0)
    torch.manual_seed(0)
    module, args, kwargs = example()
    torch.manual_seed(1)
    recorder, error = record(functions, BuiltExample(module, args, kwargs, None, None))
    if error is not None:
        raise error
    return values_of(recorder, None, "real", 0.0)


def files_of(module: nn.Module) -> set[str]:
    """The files of the classes in a module tree, without torch's."""
    found = set()
    for each in module.modules():
        for kind in type(each).__mro__:
            path = getattr(sys.modules.get(kind.__module__), "__file__", None)
            if path is not None and not is_library(path):
                found.add(path)
    return found
