"""Torch's partitioners: from a joint graph to a forward and a backward graph."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch._functorch.config
from torch._functorch._aot_autograd.graph_compile import _partition_joint_graph_into_fw_bw
from torch._functorch.partitioners import default_partition, min_cut_rematerialization_partition

from .joint_graph import JointCapture

with contextlib.suppress(Exception):
    # The first partition imports this, which takes most of a second: once here, not once in every child.
    import torch._inductor.lowering

_PARTITIONERS: dict[str, Callable[..., Any]] = {
    "default": default_partition,
    "min-cut": min_cut_rematerialization_partition,
}


def configured_memory_budget() -> float:
    """Return the share of what the min-cut partitioner would save that it may save, as torch is configured now."""
    return torch._functorch.config.activation_memory_budget


def partition(
    capture: JointCapture, partitioner: str, memory_budget: float | None, keep: bool = False
) -> tuple[torch.fx.Graph, torch.fx.Graph, int]:
    """Return the forward graph, the backward graph, and how many outputs of the first are not saved for backward.

    `partitioner` is default or min-cut. It changes the joint graph, unless `keep` is true: then it gets a copy.
    Inductor would decompose operations and run its own joint passes before, so its saved set may differ.
    """
    joint = capture.graph_module
    if keep:
        with warnings.catch_warnings():  # torch deprecates a class that it still uses for the graph's specs
            warnings.simplefilter("ignore", FutureWarning)
            joint = torch.fx.GraphModule(joint, copy.deepcopy(joint.graph))
    state, graph_capture = capture.state, capture.capture
    subclass_meta = graph_capture.maybe_subclass_meta
    budget = {} if memory_budget is None else {"activation_memory_budget": memory_budget}
    with capture.entered(), torch._functorch.config.patch(budget):
        forward, backward, forward_outputs = _partition_joint_graph_into_fw_bw(
            joint,
            graph_capture.updated_flat_args,
            state.fw_metadata if subclass_meta is None else subclass_meta.fw_metadata,
            state.fw_metadata,
            state.aot_config,
            _PARTITIONERS[partitioner],
        )
    return forward.graph, backward.graph, forward_outputs
