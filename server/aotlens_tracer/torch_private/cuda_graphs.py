"""Operations that are in no CUDA graph (`torch/_inductor/utils.py`, `scheduler.py` and `lowering.py`)."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Iterator
from typing import Literal

import torch
import torch.fx

OffGraph = Literal["random", "list-index", "cpu", "unsafe", "branch", "loop"]
"""Why an operation is not in a CUDA graph.

`random` draws on the CPU; `list-index` is an index that is made of a list, on the CPU; `cpu` moves a tensor to the CPU;
`unsafe` is an operation that CUDA graphs cannot record; `branch` and `loop` are `torch.cond` and `while_loop`.
"""
_RANDOM = (torch.rand, torch.randn, torch.randint, torch.randperm, torch.normal)
"""Functions that make a tensor on the CPU without a device. Inductor moves all other makers of tensors to the GPU."""


def off_graph(graph: torch.fx.Graph) -> Iterator[tuple[torch.fx.Node, OffGraph]]:
    """Yield the operations of Dynamo's graph that are in no CUDA graph if the model is on a GPU.

    The devices of the graph's own values do not count: it may have been captured on the CPU. A node that moves a tensor
    (`cpu`) is sure only if the code names the CPU.
    """
    default = torch.get_default_device().type
    for node in graph.nodes:
        if node.op == "call_function":
            if node.target in _RANDOM and "device" not in node.kwargs and default == "cpu":
                yield node, "random"
            elif node.target is torch.tensor and "device" not in node.kwargs and default == "cpu":
                if isinstance(node.args[0], (list, tuple)) and any(map(_is_index, node.users)):
                    yield node, "list-index"
            elif (name := getattr(node.target, "__name__", "")) in ("cond", "while_loop"):
                yield node, "branch" if name == "cond" else "loop"
            elif node.target is torch.cond:
                yield node, "branch"
        elif node.op == "call_method" and _moves_to_cpu(node):
            yield node, "cpu"


def unsafe_nodes(graph: torch.fx.Graph) -> Iterator[torch.fx.Node]:
    """Yield the operations of a joint graph that torch keeps out of CUDA graphs, by its own check."""
    with contextlib.suppress(ImportError):  # another place in a newer torch
        from torch._inductor.utils import is_cudagraph_unsafe_fx_node

        for node in graph.nodes:
            with contextlib.suppress(Exception):
                if node.op == "call_function" and is_cudagraph_unsafe_fx_node(node) and not _is_fill(node):
                    yield node


def _is_index(user: torch.fx.Node) -> bool:
    return user.target is operator.getitem


def _moves_to_cpu(node: torch.fx.Node) -> bool:
    if node.target == "cpu":
        return True
    given = [*node.args[1:], *node.kwargs.values()]
    return node.target == "to" and any(
        value == "cpu" or (isinstance(value, torch.device) and value.type == "cpu") for value in given
    )


def _is_fill(node: torch.fx.Node) -> bool:
    """Whether a node writes one value under a mask: Inductor makes `where` of it."""
    values = node.args[2] if len(node.args) > 2 else None
    value = values.meta.get("val") if isinstance(values, torch.fx.Node) else None
    return "index_put" in str(node.target) and isinstance(value, torch.Tensor) and value.numel() == 1
