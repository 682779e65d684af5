"""Prints, as JSON, what each pinned example of a file communicates and how its parameters lie on the mesh, in eager.

Real tensors, a fake process group of eight ranks. Each class gets `moved`, a list of `[pass, operation, bytes]` in the
order of the run, as torch's `CommDebugMode` counts them, and `shards`: the whole shape, the shape of the local tensor,
and the placements of each parameter that is a DTensor, and the placements of its gradient.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.utils._pytree as pytree
from torch import nn
from torch.distributed.tensor import DTensor, Replicate
from torch.distributed.tensor.debug import CommDebugMode
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.utils._python_dispatch import _disable_current_modes

PINNED = re.compile(r"^# aotlens: (.+)\nclass (\w+)", re.MULTILINE)
NAMES = {"allreduce_": "all_reduce", "broadcast_": "broadcast", "shard_dim_alltoall": "shard_dim_alltoall"}
"""The operations of torch.distributed, which a captured graph has as functional ones."""


class Counting(CommDebugMode):
    """CommDebugMode, which counts, with the bytes that the rank gives into each of the operations that it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.what = "forward"
        self.moved: list[tuple[str, str, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = self.get_total_counts()
        out = super().__torch_dispatch__(func, types, args, kwargs)
        if self.get_total_counts() > before:
            name = func._schema.name.partition("::")[2]
            given = [leaf for leaf in pytree.tree_leaves(args[0]) if isinstance(leaf, torch.Tensor)]
            size = sum(leaf.numel() * leaf.element_size() for leaf in given)
            self.moved.append((self.what, NAMES.get(name, name), size))
        return out


def run(expression: str, module: Any) -> dict[str, Any]:
    built, _, call = expression.rpartition(")(")
    model = eval(f"{built})", vars(module))
    args = eval(f"({call[:-1]},)", vars(module))
    with Counting() as counting:
        outputs = [out for out in pytree.tree_leaves(model(*args)) if out.requires_grad]
        with _disable_current_modes():
            tangents = [tangent(out) for out in outputs]
        counting.what = "backward"
        torch.autograd.backward(outputs, tangents)
    assert len(counting.moved) == counting.get_total_counts()
    return {"moved": counting.moved, "shards": dict(shards(model))}


def shards(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """The DTensors among the parameters."""
    for name, parameter in model.named_parameters():
        if isinstance(parameter, DTensor):
            gradient = parameter.grad
            yield (
                name,
                {
                    "whole": list(parameter.shape),
                    "local": list(parameter.to_local().shape),
                    "placements": list(map(repr, parameter.placements)),
                    "gradient": list(map(repr, gradient.placements)) if isinstance(gradient, DTensor) else None,
                },
            )


def tangent(out: torch.Tensor) -> torch.Tensor:
    """Ones, in the placements that AOTAutograd assumes for a tangent: those of the output, partial ones reduced."""
    ones = torch.ones_like(out.detach())
    if isinstance(ones, DTensor):
        return ones.redistribute(placements=[Replicate() if p.is_partial() else p for p in ones.placements])
    return ones


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    path = Path(sys.argv[1])
    sys.path.insert(0, str(path.parent))
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=8)
    pins = PINNED.findall(path.read_text(encoding="utf-8"))
    print(json.dumps({name: run(call.partition(";")[0], importlib.import_module(path.stem)) for call, name in pins}))
