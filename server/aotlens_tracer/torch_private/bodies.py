"""Bodies of higher-order operations in Dynamo's graph, as graphs of operators."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
import torch.fx.traceback
from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
from torch.fx.experimental.proxy_tensor import make_fx

__all__ = ["operators_of_body"]


def operators_of_body(body: torch.fx.GraphModule, is_of_attention: bool) -> torch.fx.Graph | None:
    """Return a body of Dynamo's graph in operators, traced on its own fake tensors; None if it cannot be run.

    A body of `flex_attention` (`is_of_attention`) may index with a tensor without dimensions, as torch lets it there.
    """
    indexing = TransformGetItemToIndex() if is_of_attention else contextlib.nullcontext()
    given = [node.meta.get("example_value") for node in body.graph.find_nodes(op="placeholder")]
    run: Callable[..., Any] = torch.fx.Interpreter(body).run
    with contextlib.suppress(Exception), torch.no_grad(), indexing, torch.fx.traceback.preserve_node_meta():
        graph: torch.fx.Graph = make_fx(run)(*given).graph
        return graph
    return None
