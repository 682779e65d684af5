"""Every touch of torch's private modules, in one place (torch 2.13 to 2.15).

The names below are imported nowhere else in the tracer, so that a new torch release is one file's work.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import logging
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
import torch._dynamo
import torch._dynamo.config
import torch._functorch.config
import torch.utils._pytree as pytree
from torch import nn
from torch._dynamo.exc import TorchDynamoException, Unsupported
from torch._dynamo.functional_export import dynamo_graph_capture_for_export
from torch._dynamo.symbolic_convert import InstructionTranslatorBase
from torch._functorch._aot_autograd.descriptors import (
    AOTInput,
    AOTOutput,
    BufferAOTInput,
    DifferentiableAOTInput,
    ParamAOTInput,
    PlainAOTInput,
)
from torch._functorch._aot_autograd.graph_compile import _partition_joint_graph_into_fw_bw
from torch._functorch._aot_autograd.schemas import OutputType, SubclassCreationMeta
from torch._functorch._aot_autograd.utils import KNOWN_TYPES
from torch._functorch.aot_autograd import aot_export_joint_with_descriptors
from torch._functorch.partitioners import default_partition, min_cut_rematerialization_partition
from torch._subclasses import fake_tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    FakeTensor,
    FakeTensorMode,
    unset_fake_temporarily,
)
from torch.fx._lazy_graph_module import _use_lazy_graph_module
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.attention import flex_attention
from torch.utils._python_dispatch import TorchDispatchMode, is_traceable_wrapper_subclass

with contextlib.suppress(Exception):
    # The first partition imports this, which takes most of a second: once here, not once in every child.
    import torch._inductor.lowering

__all__ = [
    "KNOWN_TYPES",
    "AOTInput",
    "AOTOutput",
    "DataDependentOutputException",
    "FakeTensor",
    "FakeTensorMode",
    "JointCapture",
    "TorchDispatchMode",
    "TorchDynamoException",
    "Unsupported",
    "configured_memory_budget",
    "dynamo_capture",
    "dynamo_inputs",
    "explain_graph_breaks",
    "fake_mode",
    "flat_inputs",
    "is_traceable_wrapper_subclass",
    "joint_capture",
    "partition",
    "pytree",
    "readable_constants",
    "storage_key",
    "unset_fake_temporarily",
]

# It logs each operation that fails, with torch's own stack, and then raises the error that is reported anyway.
logging.getLogger("torch._subclasses.fake_tensor").addFilter(
    lambda record: not str(record.msg).startswith("failed while attempting to run meta")
)


def fake_mode() -> FakeTensorMode:
    """A mode whose tensors have shapes but no data; real tensors that meet them are taken as fake."""
    return FakeTensorMode(allow_non_fake_inputs=True)


_READABLE = 1 << 10
"""Elements of a tensor up to which it keeps its values within `readable_constants`."""
_aten = torch.ops.aten
_MAKERS = frozenset(
    (_aten.arange, _aten.eye, _aten.full, _aten.linspace, _aten.logspace, _aten.ones, _aten.scalar_tensor, _aten.zeros)
)
"""What makes a tensor of numbers, the same each time."""


@contextlib.contextmanager
def readable_constants(mode: FakeTensorMode) -> Iterator[None]:
    """Let small tensors that are made of numbers keep their values, so that a constructor can read them.

    Many do: `[rate.item() for rate in torch.linspace(0, 0.1, 12)]`. The fake mode itself keeps the value of what has
    one element, and of what is computed from it (CONSTANT_NUMEL_LIMIT, torch 2.13 to 2.15). On leaving, all larger ones
    forget their values: what reads a buffer in a call depends on data.
    """
    converter = mode.fake_tensor_converter
    limit = fake_tensor.CONSTANT_NUMEL_LIMIT
    try:
        with patch.object(fake_tensor, "CONSTANT_NUMEL_LIMIT", _READABLE), _Constants(mode):
            yield
    finally:
        kept = [reference() for references in converter.constant_storage_mapping.values() for reference in references]
        _forget_values(mode, [tensor for tensor in kept if tensor is not None and tensor.numel() > limit])


def _forget_values(mode: FakeTensorMode, values: list[Any]) -> None:
    """Let those of the values that are fake tensors, and their views, be without data."""
    for constant in [value.constant for value in values if isinstance(value, FakeTensor)]:
        if constant is not None:
            mode.fake_tensor_converter.invalidate_constant_aliases(constant)


class _Constants(TorchDispatchMode):
    """Keeps the values of what is made of numbers, beside a fake mode that is entered before."""

    supports_higher_order_operators = True

    def __init__(self, mode: FakeTensorMode) -> None:
        super().__init__()
        self._mode = mode

    def __torch_dispatch__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        try:
            made = function(*args, **kwargs)
        except NotImplementedError:  # what has no storage (a sparse tensor) keeps no values
            _forget_values(self._mode, pytree.tree_leaves((args, kwargs)))
            made = function(*args, **kwargs)
        if getattr(function, "overloadpacket", None) not in _MAKERS or not isinstance(made, FakeTensor):
            return made
        if made.numel() > _READABLE or made.device.type != "cpu":
            return made
        with contextlib.suppress(Exception):  # what cannot be made here: pinned memory where there is no GPU
            with unset_fake_temporarily():
                values = function(*args, **kwargs)
            return self._mode.fake_tensor_converter.from_real_tensor(self._mode, values, make_constant=True)
        return made


def take_flex_attention_on_cpu() -> None:
    """Let `flex_attention` take tensors on a CPU that need a gradient, where there is no CUDA.

    It refuses them for want of a kernel (torch 2.13 to 2.15); where it is only traced, none runs.
    """
    if not torch.cuda.is_available():
        flex_attention._validate_device = lambda query, key, value: None


@contextlib.contextmanager
def compiling() -> Iterator[None]:
    """Let `torch.compiler.is_compiling()` be true, as it is within Dynamo."""
    with patch.object(torch.compiler, "_is_compiling_flag", True):
        yield


def dynamo_capture(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.fx.GraphModule:
    """The forward of a module, function or bound method as one Dynamo graph. Raises what Dynamo raises."""
    with _dynamo_settings():
        with _einops_recipes() as given:
            try:
                return dynamo_graph_capture_for_export(function)(*args, **kwargs)
            except Exception as error:
                # A pattern that fits no tensor, which the call may catch; an operation of the user's in `reduce`.
                if not given or (isinstance(error, TorchDynamoException) and _CONSTANT_RESULT not in str(error)):
                    raise
        return dynamo_graph_capture_for_export(function)(*args, **kwargs)


_CONSTANT_RESULT = "assume_constant_result"
"""In what Dynamo says where it cannot call what `_einops_recipes` gives it."""


@contextlib.contextmanager
def _einops_recipes() -> Iterator[bool]:
    """Let einops parse its patterns by itself, where Dynamo would trace the parser (einops 0.8.2): it takes longest.

    A recipe depends on the pattern, the names of its axes and the rank alone. Yields whether it is so.
    """
    cached = getattr(sys.modules.get("einops.einops"), "_prepare_transformation_recipe", None)
    parser = getattr(cached, "__wrapped__", None)
    variables = getattr(torch._dynamo.variables, "ConstDictVariable", None)
    original = getattr(variables, "install_dict_keys_match_guard", None)
    if parser is None or variables is None or original is None:
        yield False
        return

    def install_dict_keys_match_guard(variable: Any) -> None:
        with contextlib.suppress(NotImplementedError):  # a constant has none (torch 2.13 to 2.15)
            original(variable)

    torch._dynamo.assume_constant_result(parser)
    try:
        with patch.object(variables, "install_dict_keys_match_guard", install_dict_keys_match_guard):
            yield True
    finally:
        del parser._dynamo_marked_constant


@contextlib.contextmanager
def _dynamo_settings() -> Iterator[None]:
    """RNNs are taken, and loggers are passed over: neither changes what the graph's inputs and outputs are."""
    settings = torch._dynamo.config.patch(allow_rnn=True, ignore_logging_functions=_logging_functions())
    with settings, _whole_spans(), warnings.catch_warnings():
        # Meant for those who would run the exported module: mutated buffers are what our findings report.
        warnings.filterwarnings("ignore", "While compiling, we found certain side effects")
        yield


def _logging_functions() -> set[Callable[..., Any]]:
    """The methods of loggers that log, those included that a library adds to them (transformers: `warning_once`).

    Dynamo lets them return None: with `isEnabledFor` nothing is enabled.
    """
    names = ("debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "isEnabledFor")
    found = {getattr(logging.Logger, name) for name in names if hasattr(logging.Logger, name)}
    added = [value for name, value in vars(logging.Logger).items() if not name.startswith("_") and callable(value)]
    return found | {value for value in added if getattr(value, "__module__", None) != logging.__name__}


@contextlib.contextmanager
def _whole_spans() -> Iterator[None]:
    """Let Dynamo's stack traces mark where an expression ends.

    Its frame summaries carry columns but no end line, so that the traceback module marks everything up to the end of
    the line (torch 2.13 to 2.15).
    """
    original = InstructionTranslatorBase.frame_summary

    def frame_summary(translator: InstructionTranslatorBase) -> traceback.FrameSummary:
        summary = original(translator)
        positions = translator.current_instruction.positions
        if positions is not None and getattr(summary, "end_lineno", 0) is None:
            summary.end_lineno = positions.end_lineno  # type: ignore[attr-defined]
        return summary

    with patch.object(InstructionTranslatorBase, "frame_summary", frame_summary):
        yield


class JointCapture:
    """The joint graph of `module` with its descriptors, and what is needed to partition it."""

    def __init__(self, joint: Any, module: nn.Module) -> None:
        self._joint = joint
        self.module = module
        self.graph_module: torch.fx.GraphModule = joint.graph_module
        self.in_spec: pytree.TreeSpec = joint.in_spec
        self.out_spec: pytree.TreeSpec = joint.out_spec

    @property
    def needs_autograd(self) -> bool:
        """Whether the graph has a backward part."""
        return bool(self._joint._aot_state.needs_autograd)

    def outputs_requiring_gradients(self) -> list[bool]:
        """Of each flat output whether it requires a gradient."""
        return [bool(info.requires_grad) for info in self._joint._aot_state.fw_metadata.output_info]

    def views_of_inputs(self) -> dict[int, AOTInput]:
        """Which flat outputs are views of an input, or an input itself, by the input's descriptor."""
        state = self._joint._aot_state
        found = {}
        for position, info in enumerate(state.fw_metadata.output_info):
            if info.output_type in (OutputType.alias_of_input, OutputType.is_input) and info.base_idx is not None:
                found[position] = state.flat_args_descs[info.base_idx]
        return found

    def views_of_intermediates(self) -> dict[int, list[int]]:
        """For each intermediate base that the graph returns, in order, the flat outputs that are views of it."""
        found: dict[int, list[int]] = {}
        for position, info in enumerate(self._joint._aot_state.fw_metadata.output_info):
            views = (OutputType.alias_of_intermediate, OutputType.alias_of_intermediate_save_as_output)
            if info.output_type in views and info.base_idx is not None:
                found.setdefault(info.base_idx, []).append(position)
        return found

    def views_of_outputs(self) -> dict[int, int]:
        """Which flat outputs are views of another one, by the other's position."""
        views = OutputType.alias_of_intermediate_base_is_user_output
        found = enumerate(self._joint._aot_state.fw_metadata.output_info)
        return {n: info.base_idx for n, info in found if info.output_type == views and info.base_idx is not None}

    def output_subclass_types(self) -> list[tuple[range, type]]:
        """The type of each forward output that is a tensor subclass, with the graph outputs that are its pieces."""
        metadata = self._joint._aot_state.fw_metadata
        found = []
        for meta in metadata.subclass_fw_graph_out_meta:
            if isinstance(meta, SubclassCreationMeta):
                start = meta.flat_tensor_start_idx + len(metadata.tokens)
                kind = meta.original_subclass_type or type(meta.original_subclass)
                found.append((range(start, start + meta.arg_count), kind))
        return found


def dynamo_inputs(
    graph_module: torch.fx.GraphModule, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[torch.fx.Node, Any]:
    """What the placeholders of Dynamo's graph stand for: the parameters, buffers and arguments themselves.

    Those are left out that Dynamo reached on ways that cannot be gone again from here.
    """
    inner = function.forward if isinstance(function, nn.Module) else function
    owner = function if isinstance(function, nn.Module) else getattr(function, "__self__", None)
    local = {"self": owner} if owner is not None else {}
    # A decorator's wrapper is what Dynamo sees called, with names of its own: `args[0]` may be the module.
    plain = getattr(inner, "__func__", inner)
    given = args if plain is inner else (inner.__self__, *args)
    with contextlib.suppress(Exception):
        local |= inspect.signature(plain, follow_wrapped=False).bind(*given, **kwargs).arguments
    known = {"L": local, "G": getattr(plain, "__globals__", {})}
    found = {}
    for node in graph_module.graph.find_nodes(op="placeholder"):
        source = getattr(node, "_dynamo_source", None)
        with contextlib.suppress(Exception):
            name = source.name() if callable(source.name) else source.name
            found[node] = eval(name, dict(known))
    return found


def flat_inputs(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[tuple[DifferentiableAOTInput, Any]]:
    """The flat calling convention AOTAutograd starts from: each descriptor with its value.

    As `prepare_aot_module_simplified` in torch/_functorch/aot_autograd.py builds it, before duplicates are removed.
    """
    flat: list[tuple[DifferentiableAOTInput, Any]] = []
    flat += [(ParamAOTInput(name), value) for name, value in module.named_parameters(remove_duplicate=False)]
    flat += [(BufferAOTInput(name), value) for name, value in module.named_buffers(remove_duplicate=False)]
    flat += [(PlainAOTInput(index), value) for index, value in enumerate(pytree.tree_leaves((args, kwargs)))]
    return flat


@contextlib.contextmanager
def joint_capture(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], dynamo: bool
) -> Iterator[JointCapture]:
    """The joint graph of `module`: a graph module from `dynamo_capture`, or (`dynamo` false) any module directly.

    The capture is valid while the context is entered. Raises what AOTAutograd raises.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_fake_constants())
        stack.enter_context(_use_lazy_graph_module(True))  # nobody runs the graphs: no code is made of them
        if dynamo:
            stack.enter_context(torch._guards.tracing(module.meta["tracing_context"]))  # type: ignore[arg-type]
            stack.enter_context(module.meta["fake_mode"])  # type: ignore[arg-type]
        yield JointCapture(aot_export_joint_with_descriptors(stack, module, args, kwargs), module)


@contextlib.contextmanager
def _fake_constants() -> Iterator[None]:
    """Let a graph hold fake tensors as constants: what a module keeps as a plain attribute.

    `assert_no_fake_params_or_buffers` refuses them, for the sake of who runs the graph. Nobody runs ours.
    """
    with patch.object(torch._dynamo.utils, "assert_no_fake_params_or_buffers", lambda module: None):
        yield


_PARTITIONERS = {"default": default_partition, "min-cut": min_cut_rematerialization_partition}


def configured_memory_budget() -> float:
    """The share of what the min-cut partitioner would save that it may save, as torch is configured now."""
    return torch._functorch.config.activation_memory_budget


def partition(
    capture: JointCapture, partitioner: str, memory_budget: float | None, keep: bool = False
) -> tuple[torch.fx.Graph, torch.fx.Graph, int]:
    """The forward and the backward graph that a partitioner of torch's makes.

    And how many outputs of the first are not saved for backward.

    The partitioner changes the joint graph, unless that is to `keep`: then it gets a copy. Inductor would decompose
    operations and run its own joint passes before, so its saved set may differ.
    """
    joint = capture.graph_module
    if keep:
        with warnings.catch_warnings():  # of a class of torch's own, which the graph's specs are of
            warnings.simplefilter("ignore", FutureWarning)
            joint = torch.fx.GraphModule(joint, copy.deepcopy(joint.graph))
    state, graph_capture = capture._joint._aot_state, capture._joint._aot_graph_capture
    subclass_meta = graph_capture.maybe_subclass_meta
    budget = {} if memory_budget is None else {"activation_memory_budget": memory_budget}
    with torch._functorch.config.patch(budget):
        forward, backward, forward_outputs = _partition_joint_graph_into_fw_bw(
            joint,
            graph_capture.updated_flat_args,
            state.fw_metadata if subclass_meta is None else subclass_meta.fw_metadata,
            state.fw_metadata,
            state.aot_config,
            _PARTITIONERS[partitioner],
        )
    return forward.graph, backward.graph, forward_outputs


def explain_graph_breaks(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Every graph break of a run that need not be one graph: objects with `reason` and `user_stack`."""
    torch._dynamo.reset()
    with _dynamo_settings():
        return list(torch._dynamo.explain(function)(*args, **kwargs).break_reasons)


def storage_key(tensor: torch.Tensor) -> int | None:
    """A key that two tensors share exactly if they share memory; None for wrapper subclasses, which have none."""
    if is_traceable_wrapper_subclass(tensor):
        return None
    try:
        return StorageWeakRef(tensor.untyped_storage()).cdata
    except (NotImplementedError, RuntimeError):
        return None
