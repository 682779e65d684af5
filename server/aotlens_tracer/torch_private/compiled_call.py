"""A call as torch.compile runs it: the graphs between its graph breaks, each with its sources, guards and values."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import patch

import torch
import torch._dynamo
import torch._functorch.aot_autograd as aot
from torch._dynamo import convert_frame
from torch._dynamo.backends.common import aot_autograd
from torch._dynamo.hooks import Hooks
from torch._dynamo.symbolic_convert import InstructionTranslator
from torch._dynamo.utils import clear_compilation_metrics, get_compilation_metrics
from torch._functorch._aot_autograd import runtime_wrappers
from torch._functorch._aot_autograd.descriptors import PlainAOTInput
from torch._guards import CompileContext, TracingContext, tracing
from torch._subclasses.fake_tensor import FakeTensor
from torch.fx._lazy_graph_module import _use_lazy_graph_module

from .collectives import noting_collectives
from .compiled_code import backend_of_all_code, is_compiled
from .dynamo import whole_spans
from .graph_breaks import Break, noting_breaks, original_code
from .joint_graph import Flat, JointCapture, fake_constants
from .recompiles import Recompile, noting_recompiles
from .refused_marks import Refusal, noting_conditions, refusals, tracked_in


@dataclasses.dataclass(frozen=True)
class Run:
    """The inputs and outputs of one run of a graph: the very objects."""

    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]


@dataclasses.dataclass
class CompiledGraph:
    """A graph that torch.compile runs, in the order of the first runs.

    `compile_id` is torch's. `code` is the code of the user's function that it was made of, and `resumes_at` the line of
    the graph break after which that goes on; None for the beginning of the function. `inlined` is the code of the
    functions that Dynamo has seen called in it. `sources` are torch's `Source`
    objects of the flat inputs, None for an input without one. `breaks_before` is the number of graph breaks of the call
    that torch met before it made the graph. `guards` are torch's `Guard` objects, and
    `shape_guards` its texts of those on symbolic sizes. `shape_env` has torch's facts about these sizes; None without.
    `tracked` are the tensors that Dynamo has made fake, with their marks.
    """

    joint: JointCapture
    compile_id: str
    code: types.CodeType | None
    resumes_at: int | None
    inlined: tuple[types.CodeType, ...]
    sources: tuple[Any, ...]
    runs: list[Run]
    breaks_before: int
    guards: tuple[Any, ...] = ()
    shape_guards: tuple[str, ...] = ()
    shape_env: Any = None
    tracked: tuple[Any, ...] = ()


@dataclasses.dataclass(frozen=True)
class CompiledCall:
    """The graphs that torch.compile makes of a call.

    `result` is the result of the call. `breaks` are in the order in which torch met them. `metrics` are torch's
    `CompilationMetrics`, one for each compile: those that failed say why (`fail_reason`). `recompiles` are the
    functions that are compiled anew within the call, and `repeat` makes the call once more, with the same arguments,
    and returns those that are compiled anew then, and whether the call succeeds. `refused_marks` are the dimensions for
    which `mark_dynamic` makes torch refuse the call, by the ids of the tensors: it is made without these marks.
    `refusals` are what torch's own check says of them.
    """

    graphs: tuple[CompiledGraph, ...]
    result: Any
    breaks: tuple[Break, ...]
    metrics: tuple[Any, ...]
    recompiles: tuple[Recompile, ...] = ()
    refused_marks: Mapping[int, frozenset[int]] = dataclasses.field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    repeat: Callable[[], tuple[tuple[Recompile, ...], bool]] = lambda: ((), True)


class CompiledCalls:
    """Makes a call by torch.compile, and keeps its graphs. The context `around` is entered where they run.

    `breaks` are the graph breaks so far, also of a call that fails.
    """

    def __init__(self, around: Callable[[], contextlib.AbstractContextManager[Any]]) -> None:
        self._around = around
        self._ran: list[CompiledGraph] = []
        self._guards: dict[str, tuple[tuple[Any, ...], tuple[str, ...]]] = {}
        self._is_repeated = False
        self._stages: list[tuple[Any, Any]] = []
        self._latest: CompiledGraph | None = None
        self.breaks: list[Break] = []

    def refusals(self) -> tuple[Refusal, ...]:
        """Return the marks that torch refuses in the graph which it made last."""
        return refusals(self._latest.shape_env, self._latest.tracked) if self._latest is not None else ()

    def call(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], dynamic: bool | None
    ) -> CompiledCall:
        """Make the call. A function that the user has compiled keeps its own settings, all but the backend.

        Raises what Dynamo, AOTAutograd or the user's code raises.
        """
        torch._dynamo.reset()
        clear_compilation_metrics()
        again = _anew((args, kwargs))
        if not is_compiled(function):
            function = torch._dynamo.optimize(self._compile, dynamic=dynamic)(function)
        with self._settings(), noting_breaks() as self.breaks, noting_recompiles() as recompiles:
            result = function(*args, **kwargs)
        for graph in self._ran:
            graph.guards, graph.shape_guards = self._guards.get(graph.compile_id.partition("_")[0], ((), ()))

        def repeat() -> tuple[tuple[Recompile, ...], bool]:
            self._is_repeated = True
            more_args, more_kwargs = _anew(again)
            with self._settings(), noting_recompiles() as found:
                try:
                    function(*more_args, **more_kwargs)
                except Exception:
                    return tuple(found), False
            return tuple(found), True

        metrics = tuple(get_compilation_metrics())
        return CompiledCall(tuple(self._ran), result, tuple(self.breaks), metrics, tuple(recompiles), repeat=repeat)

    @contextlib.contextmanager
    def _settings(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(whole_spans())
            stack.enter_context(noting_conditions())
            stack.enter_context(_no_guards_in_log())
            stack.enter_context(fake_constants())
            stack.enter_context(_use_lazy_graph_module(True))
            stack.enter_context(noting_collectives())
            stack.enter_context(patch.object(aot, "aot_stage2_compile", self._leave))
            stack.enter_context(self._noting_guards())
            stack.enter_context(backend_of_all_code(self._compile))
            yield

    @contextlib.contextmanager
    def _noting_guards(self) -> Iterator[None]:
        """Note the guards of each compile, by torch's own hook, whoever compiles."""
        frames: Any = convert_frame
        original = frames._compile

        def note(guards: Any) -> None:
            shapes = tuple(getattr(CompileContext.try_get(), "shape_env_guards", ()))
            self._guards[str(CompileContext.current_compile_id())] = (tuple(guards), shapes)

        def hooked(value: Any) -> Any:
            return dataclasses.replace(value, guard_export_fn=note) if isinstance(value, Hooks) else value

        def compile(*args: Any, **kwargs: Any) -> Any:
            return original(*map(hooked, args), **{name: hooked(value) for name, value in kwargs.items()})

        with patch.object(frames, "_compile", compile):
            yield

    def _leave(self, state: Any, capture: Any, *compilers: Any) -> tuple[Callable[..., Any], None]:
        """Take the place of torch's second stage, which would partition the joint graph and compile both parts."""
        self._stages.append((state, capture))
        return lambda *args: None, None

    def _compile(self, module: torch.fx.GraphModule, inputs: Sequence[Any]) -> Callable[..., Any]:
        """The backend: capture the joint graph, and return what runs Dynamo's graph in its place."""
        if self._is_repeated:
            return self._runner(module, None)
        self._stages.clear()
        placeholders = module.graph.find_nodes(op="placeholder")
        sources = tuple(getattr(node.meta.get("grapharg"), "source", None) for node in placeholders)
        # The settings of the backend `aot_eager`, which are Inductor's too: inputs that are changed in place without
        # gradients are changed by the graph itself, and are no outputs.
        settings = {"fw_compiler": _nothing, "bw_compiler": _nothing, "keep_inference_input_mutations": True}
        aot_autograd(**settings)(module, inputs)
        state, capture = self._stages[-1]
        translator = InstructionTranslator.current_tx().output.root_tx
        code = translator.f_code if translator is not None else None
        original, resumes_at = original_code(code)
        runs: list[Run] = []
        joint = _Joint(state, capture, module, runs, TracingContext.try_get())
        compile_id = str(CompileContext.current_trace_id())
        context = TracingContext.try_get()
        inlined = tuple(context.traced_code or ()) if context is not None else ()
        graph = CompiledGraph(joint, compile_id, original, resumes_at, inlined, sources, runs, len(self.breaks))
        graph.shape_env = getattr(getattr(context, "fake_mode", None), "shape_env", None)
        graph.tracked = tracked_in(graph.shape_env)
        self._latest = graph
        return self._runner(module, graph, state.fw_metadata)

    def _runner(
        self, module: torch.fx.GraphModule, graph: CompiledGraph | None, metadata: Any = None
    ) -> Callable[..., Any]:
        """Return what runs a graph of Dynamo's, and notes its runs in the first call.

        `metadata` is that of AOTAutograd; None if it did not run.
        """

        def run(*args: Any) -> Any:
            # A float that Dynamo passes as a tensor is a real one, whose value is read.
            is_real = any(isinstance(arg, torch.Tensor) and not isinstance(arg, FakeTensor) for arg in args)
            with contextlib.nullcontext() if is_real else self._around():
                outputs = module.forward(*args)
            _mark_dynamic(outputs, metadata)
            if graph is not None and not self._is_repeated:
                if not graph.runs:
                    self._ran.append(graph)
                graph.runs.append(Run(args, tuple(outputs)))
            return outputs

        return run


class _Joint(JointCapture):
    """The joint graph of a graph that torch.compile runs; its values are those of the first run."""

    def __init__(
        self, state: Any, capture: Any, module: torch.fx.GraphModule, runs: list[Run], context: TracingContext | None
    ) -> None:
        super().__init__(state, capture, module, self._flat, self._given)
        self._runs = runs
        self._context = context

    def _flat(self) -> Flat:
        return [(PlainAOTInput(index), value) for index, value in enumerate(self._runs[0].inputs)]

    def _given(self) -> dict[torch.fx.Node, Any]:
        placeholders = self.dynamo_graph.graph.find_nodes(op="placeholder")
        return dict(zip(placeholders, self._runs[0].inputs))

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        with tracing(self._context), self.state.fake_mode:
            yield


@contextlib.contextmanager
def _no_guards_in_log() -> Iterator[None]:
    """Keep torch's log of guards that cannot be made from what the user's code prints: their error says it too."""
    log = logging.getLogger("torch._guards")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _mark_dynamic(outputs: Sequence[Any], metadata: Any) -> None:
    """Mark the symbolic dimensions of outputs, as AOTAutograd's runtime does: later graphs take them as sizes.

    That is `RuntimeWrapper.finalize` of torch/_functorch/_aot_autograd/runtime_wrappers.py.
    """
    mark = getattr(runtime_wrappers, "mark_dynamo_propagated_dynamic_indices", None)
    for output, info in zip(outputs, getattr(metadata, "output_info", ())):
        if mark is not None and info.dynamic_dims and isinstance(output, torch.Tensor):
            mark(output, info.dynamic_dims)


def _anew(value: Any) -> Any:
    """Return lists, tuples and dicts as new ones with the same parts: a call may change those that it is given."""
    if type(value) in (list, tuple):
        return type(value)(map(_anew, value))
    return {key: _anew(item) for key, item in value.items()} if type(value) is dict else value


def _nothing(module: Any, inputs: Any) -> Any:
    return module
