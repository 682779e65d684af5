"""Compares recorded values with a run on real tensors: the share of executed tensor assignments that agree."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
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

Build = Callable[[bool], BuiltExample]
"""Builds an example, with real tensors if it is given True."""


@dataclass(frozen=True)
class Comparison:
    """How many tensor assignments ran, how many of them were recorded with the same shape and dtype, and the others.

    `weights` is `fake` or `real`, as the recording had to be.
    """

    executed: int
    agreeing: int
    missed: list[tuple[Assigned, Fact, int]]
    weights: str

    @property
    def share(self) -> float:
        """The share of agreeing assignments."""
        return self.agreeing / self.executed if self.executed else 1.0


def of(module: Callable[[], nn.Module], args: Callable[[], tuple[Any, ...]], **kwargs: Any) -> Build:
    """Return what builds the call of a module."""

    def build(is_real: bool) -> BuiltExample:
        if is_real:
            return BuiltExample(module(), args(), kwargs, None, None)
        mode = fake_mode()
        with mode:
            return BuiltExample(module(), args(), kwargs, mode, None)

    return build


def compare(build: Build, extra: Iterable[str] = ()) -> Comparison:
    """Record an example's call, and compare it with the same call on real tensors."""
    torch.manual_seed(0)
    example = build(True)
    paths = {*files_of(example.module), *extra}
    torch.manual_seed(1)
    truth = run_traced(lambda: example.function(*example.args, **example.kwargs), paths)
    if truth.error is not None:
        raise truth.error
    values = recorded_values(build, paths)
    counts: Counter[tuple[Assigned, Fact]] = Counter()
    for file in values.files:
        for each in file.recorded:
            for seen in each.seen if each.role == "target" else ():
                value = values.values[seen.value]
                if isinstance(value, TensorValue):
                    fact = tuple(value.shape), value.dtype
                    counts[(file.path, each.line, each.column), fact] += seen.times  # type: ignore[index]
    agreeing = truth.counts & counts
    missed = [(*key, count - agreeing[key]) for key, count in truth.counts.items() if count > agreeing[key]]
    return Comparison(truth.counts.total(), agreeing.total(), missed, values.weights)


def recorded_values(build: Build, paths: set[str]) -> Values:
    """Record the call on fake tensors; on real ones if it fails on these, as a call that reads data does."""
    torch.manual_seed(0)
    functions = Functions(paths)
    example = build(False)
    torch.manual_seed(1)
    recorder, error = record(functions, example)
    if error is not None and example.mode is not None:
        torch.manual_seed(0)
        example = build(True)
        torch.manual_seed(1)
        recorder, error = record(functions, example)
    if error is not None:
        raise error
    return values_of(recorder, None, "real" if example.mode is None else "fake", 0.0)


def files_of(module: nn.Module | None) -> set[str]:
    """The files of the classes in a module tree, without torch's."""
    found = set()
    for each in module.modules() if module is not None else ():
        for kind in type(each).__mro__:
            path = getattr(sys.modules.get(kind.__module__), "__file__", None)
            if path is not None and not is_library(path):
                found.add(path)
    return found
