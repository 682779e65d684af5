"""Recording changes nothing of what code does, and sees each assignment that a run on real tensors sees."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.utils._pytree as pytree
from torch import nn

from aotlens_tracer.examples.evaluate import BuiltExample
from aotlens_tracer.values.functions import Functions
from aotlens_tracer.values.record import record
from support import CORPUS

from .against_real_runs import compare, of

NAMES = [
    "Targets",
    "Expressions",
    "Flow",
    "Functions",
    "Transforms",
    "Containers",
    "Subclasses",
    "Hooked",
    "Dynamic",
    "Compiled",
    "ByMethod",
    "Objects",
    "Made",
    "Executed",
    "Ünïcode",
    "Globals",
    "Local",
]


@pytest.fixture(scope="module")
def constructs() -> Iterator[Any]:
    folder = str(CORPUS / "values")
    sys.path.insert(0, folder)
    try:
        import constructs

        yield constructs
    finally:
        sys.path.remove(folder)


@pytest.mark.parametrize("name", NAMES)
def test_the_result_is_the_same(constructs: Any, name: str) -> None:
    results: list[list[torch.Tensor]] = []
    for is_recorded in (False, True):
        torch.manual_seed(0)
        module: nn.Module = getattr(constructs, name)()
        module.register_forward_hook(lambda module, args, output: results.append(tensors_in(output)))
        x = torch.rand(4, 6)
        if is_recorded:
            _, error = record(Functions([constructs.__file__]), BuiltExample(module, (x,), {}, None, None))
            assert error is None, repr(error)
        else:
            module(x)
    plain, recorded = results
    assert len(plain) == len(recorded) and all(map(torch.equal, plain, recorded))


def tensors_in(value: Any) -> list[torch.Tensor]:
    return [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, torch.Tensor)]


@pytest.mark.parametrize("name", NAMES)
def test_all_assignments_are_seen(constructs: Any, name: str) -> None:
    build = of(getattr(constructs, name), lambda: (torch.rand(4, 6),))
    assert compare(build, (constructs.__file__,)).missed == []
