"""Operations that real tensors refuse because of their types, while fake ones let them through.

The graph shows quickly whether there is one: then the call is made again, and each operation is made on real tensors
too, until the one that refuses is found with its line and its operands.
"""

from __future__ import annotations

from typing import Any

import torch

from ..examples.evaluate import BuiltExample
from ..failures import Codebase
from ..graph.birthplaces import Birthplaces
from ..torch_private import is_operator, pytree
from .call_recorder import CallRecorder
from .calls import Call, Site
from .failed_operation import Blamed, blamed_for
from .real_error import refused_for_types

_WANTS_ONE_TYPE = frozenset(
    (
        *("mm", "addmm", "bmm", "baddbmm", "addbmm", "mv", "addmv", "addr", "dot", "vdot", "matmul", "linear"),
        *("convolution", "_scaled_dot_product_flash_attention_for_cpu", "index_put", "index_add", "index_copy"),
        *("scatter", "scatter_add", "native_layer_norm", "native_group_norm", "native_batch_norm"),
        *("_native_batch_norm_legit", "_native_batch_norm_legit_functional", "_native_batch_norm_legit_no_training"),
        *("grid_sampler_2d", "grid_sampler_3d"),
        *("binary_cross_entropy", "nll_loss_forward", "nll_loss2d_forward"),
    )
)
"""Operators of aten that want operands of one type, and that are safe to run on zeros.

Others are not run: native code that gets workspaces of zeros (`mkldnn_rnn_layer_backward`) ends the process.
"""


def mixes_types(graph: torch.fx.Graph) -> bool:
    """Whether an operation of a graph of fake tensors is refused by real ones because of their types."""
    seen = set()
    for node in graph.nodes:
        if node.op != "call_function" or not is_operator(node.target):
            continue
        library, _, name = node.target.name().partition(".")[0].partition("::")
        if library != "aten" or name not in _WANTS_ONE_TYPE or node.meta.get("partitioner_tag") == "is_backward":
            continue
        values = [each.meta.get("val") for each in node.all_input_nodes]
        tensors = [value for value in values if isinstance(value, torch.Tensor)]
        key = (node.target, tuple((value.dtype, tuple(value.shape)) for value in tensors))
        if len({value.dtype for value in tensors}) < 2 or key in seen:
            continue
        seen.add(key)
        args, kwargs = pytree.tree_map(_value, (node.args, node.kwargs))
        if refused_for_types(Call(node.target, args, kwargs, Site())) is not None:
            return True
    return False


def _value(leaf: Any) -> Any:
    return leaf.meta.get("val") if isinstance(leaf, torch.fx.Node) else leaf


def refused_operation(
    example: BuiltExample, birthplaces: Birthplaces, codebase: Codebase
) -> tuple[Exception, Blamed | None] | None:
    """Return the first error that real tensors raise in the example's call because of their types, and who raises it.

    None if no call of the user's code is refused.
    """
    recorder = CallRecorder(codebase, refuses_types=True)
    with torch.compiler.set_stance("force_eager"), example.fake(), recorder.recording():
        try:
            example.function(*example.args, **example.kwargs)
        except Exception as error:
            if recorder.refused is not error:
                return None
            found = error
        else:
            return None
    return found, blamed_for(found, example, recorder, birthplaces, codebase)
