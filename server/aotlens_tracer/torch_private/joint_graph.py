"""AOTAutograd's joint graph, its descriptors and its metadata."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
import torch._dynamo
import torch.utils._pytree as pytree
from torch import nn
from torch._functorch._aot_autograd.descriptors import (
    AOTInput,
    AOTOutput,
    BufferAOTInput,
    ParamAOTInput,
    PlainAOTInput,
)
from torch._functorch._aot_autograd.schemas import OutputType
from torch._functorch._aot_autograd.utils import KNOWN_TYPES
from torch._functorch.aot_autograd import aot_export_joint_with_descriptors
from torch._subclasses.fake_tensor import FakeTensor
from torch.fx._lazy_graph_module import _use_lazy_graph_module

from .collectives import noting_collectives
from .dynamo import dynamo_inputs
from .names_in_modules import names_of_buffers, names_of_parameters, names_that_end

__all__ = ["KNOWN_TYPES", "AOTInput", "AOTOutput", "Flat", "JointCapture", "joint_capture"]


Flat = list[tuple[AOTInput, Any]]
"""The flat calling convention that AOTAutograd starts from: each descriptor with its value."""


class JointCapture:
    """The joint graph of `module` with its descriptors, and what is needed to partition it.

    `flat` returns the inputs before AOTAutograd removes duplicates, and `given` what the placeholders of Dynamo's graph
    stand for. `state` and `capture` are torch's own objects, for `torch_private` alone.
    """

    def __init__(
        self,
        state: Any,
        capture: Any,
        module: nn.Module,
        flat: Callable[[], Flat],
        given: Callable[[], dict[torch.fx.Node, Any]],
    ) -> None:
        self.state = state
        self.capture = capture
        self.module = module
        self.flat = flat
        self.given = given
        self.graph_module: torch.fx.GraphModule = capture.graph_module

    def given_by_source(self) -> dict[str, Any]:
        """Return the values of `given` by Dynamo's expressions for them."""
        found = {}
        for node, value in self.given().items():
            name = getattr(getattr(node, "_dynamo_source", None), "name", None)
            if name is not None:
                found[str(name() if callable(name) else name)] = value
        return found

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Enter the context in which the graph can be partitioned."""
        yield

    @property
    def dynamo_graph(self) -> torch.fx.GraphModule:
        """The graph that Dynamo captured, of which this is the joint graph; not for a direct capture."""
        assert isinstance(self.module, torch.fx.GraphModule)
        return self.module

    @property
    def fake_mode(self) -> contextlib.AbstractContextManager[Any]:
        """The mode of the fake tensors in Dynamo's graph."""
        placeholders = self.dynamo_graph.graph.find_nodes(op="placeholder")
        values = (node.meta.get("example_value") for node in placeholders)
        known = next((value.fake_mode for value in values if isinstance(value, FakeTensor)), None)
        return known or contextlib.nullcontext()

    @property
    def shape_env(self) -> Any:
        """Torch's facts about the symbols in the shapes of the graph; None if it has none."""
        return getattr(getattr(self.state, "fake_mode", None), "shape_env", None)

    @property
    def needs_autograd(self) -> bool:
        """Whether the graph has a backward part."""
        return bool(self.state.needs_autograd)

    def outputs_requiring_gradients(self) -> list[bool]:
        """Return whether each flat output requires a gradient."""
        return [bool(info.requires_grad) for info in self.state.fw_metadata.output_info]

    def views_of_inputs(self) -> dict[int, AOTInput]:
        """Return the flat outputs that are views of an input, or an input itself, each with that input's descriptor."""
        state = self.state
        found = {}
        for position, info in enumerate(state.fw_metadata.output_info):
            if info.output_type in (OutputType.alias_of_input, OutputType.is_input) and info.base_idx is not None:
                found[position] = state.flat_args_descs[info.base_idx]
        return found

    def views_of_intermediates(self) -> dict[int, list[int]]:
        """Return each intermediate base that the graph returns, in order, with the flat outputs that view it."""
        found: dict[int, list[int]] = {}
        for position, info in enumerate(self.state.fw_metadata.output_info):
            views = (OutputType.alias_of_intermediate, OutputType.alias_of_intermediate_save_as_output)
            if info.output_type in views and info.base_idx is not None:
                found.setdefault(info.base_idx, []).append(position)
        return found

    def views_of_outputs(self) -> dict[int, int]:
        """Return the flat outputs that are views of another one, each with the other's position."""
        views = OutputType.alias_of_intermediate_base_is_user_output
        found = enumerate(self.state.fw_metadata.output_info)
        return {n: info.base_idx for n, info in found if info.output_type == views and info.base_idx is not None}


def _flat_inputs(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flat:
    """Return the flat calling convention that AOTAutograd starts from: each descriptor with its value.

    The same as in `prepare_aot_module_simplified` of torch/_functorch/aot_autograd.py, before duplicates are removed.
    """
    flat: Flat = []
    flat += [(ParamAOTInput(name), value) for name, value in names_of_parameters(module)]
    flat += [(BufferAOTInput(name), value) for name, value in names_of_buffers(module)]
    flat += [(PlainAOTInput(index), value) for index, value in enumerate(pytree.tree_leaves((args, kwargs)))]
    return flat


@contextlib.contextmanager
def joint_capture(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], function: Callable[..., Any] | None
) -> Iterator[tuple[JointCapture, pytree.TreeSpec]]:
    """Capture the joint graph of any module directly, or of a graph module that `dynamo_capture` made of `function`.

    Yield it with the structure of its outputs. The capture is valid while the context is entered. Raises what
    AOTAutograd raises.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(fake_constants())
        # A submodule that is compiled by itself is captured as it is without that.
        stack.enter_context(torch._dynamo.config.patch(error_on_nested_fx_trace=False))
        stack.enter_context(_use_lazy_graph_module(True))  # nobody runs the graphs: no code is made of them
        if function is not None:
            assert isinstance(module, torch.fx.GraphModule)
            stack.enter_context(torch._guards.tracing(module.meta["tracing_context"]))
            stack.enter_context(module.meta["fake_mode"])
        with noting_collectives(), names_that_end(module):
            joint = aot_export_joint_with_descriptors(stack, module, args, kwargs)

        def given() -> dict[torch.fx.Node, Any]:
            assert isinstance(module, torch.fx.GraphModule)
            return dynamo_inputs(module, function, args, kwargs) if function is not None else {}

        def flat() -> Flat:
            return _flat_inputs(module, args, kwargs)

        yield JointCapture(joint._aot_state, joint._aot_graph_capture, module, flat, given), joint.out_spec


@contextlib.contextmanager
def fake_constants() -> Iterator[None]:
    """Let a graph hold fake tensors as constants: a module may keep one as a plain attribute.

    `assert_no_fake_params_or_buffers` refuses them to protect whoever runs the graph. Nobody runs ours.
    """
    with patch.object(torch._dynamo.utils, "assert_no_fake_params_or_buffers", lambda module: None):
        yield
