"""Bodies of higher-order operations: those of Dynamo's graph as operators, and how they run in eager."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.fx.traceback
from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
from torch._higher_order_ops import utils
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import flex_attention

__all__ = ["compile_bodies_in_every_stance", "operators_of_body"]


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


def compile_bodies_in_every_stance() -> None:
    """Let `cond`, `scan` and the like compile themselves in eager, also while torch is told to compile nothing.

    They always do so in eager, or the tensors that a branch takes from around it would be no operands, and would get no
    gradient. The stance `force_eager` is for what the user compiles.
    """
    modules: tuple[Any, ...] = utils, flex_attention
    for module in modules:
        module.setup_compilation_env = _setup_compilation_env


@contextlib.contextmanager
def _setup_compilation_env() -> Iterator[Any]:
    # Without gradients nothing is lost, and under another mode Dynamo compiles nothing, which would be an error.
    stance = torch.compiler.set_stance("default") if torch.is_grad_enabled() else contextlib.nullcontext()
    with stance, _original() as backend:
        yield backend


_original = utils.setup_compilation_env
