"""The third step in the convention of torch.compile: capture every graph that it runs, with the call between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..examples.dataclass_trees import register_in_arguments, register_in_result
from ..examples.eager_call import call as call_in_eager
from ..failures import CallError, CaptureError, Codebase, TraceError, is_library, problem_of, reads_data, text_of
from ..graph.compiled_guards import compiled_guards
from ..graph.compiled_names import TracedCall, compiled_names
from ..graph.gradient_history import GradientHistory
from ..graph.slot_labels import Labels
from ..graph.stack_traces import Sources
from ..loading.definitions import qualified_name
from ..torch_private import (
    Break,
    CompiledCall,
    CompiledCalls,
    CompiledGraph,
    Refusal,
    is_constraint_violation,
    pytree,
    weaken_marks,
)
from ..wire.compiled import Compiled
from ..wire.descriptor_map import Failure
from ..wire.places import Span
from ..wire.problems import NothingCompiled
from .build_example import Built, evaluate
from .capture import Captured, CapturedGraph
from .context import Context
from .graph_breaks import breaks_of_run
from .import_target import Imported
from .real_tensors import bytes_of_state

_REAL_BYTES = 12 << 30
"""Bytes that a call on real tensors may take where no limit is given."""

_NO_SYMBOLS = "shape_env must not be None"
"""A part of torch's message where fake tensors without symbolic sizes do not do."""


def capture_compiled(context: Context, imported: Imported, built: Built, train: bool | None) -> tuple[Built, Captured]:
    """Return the graphs that torch.compile runs in the example's call, and the example that was called.

    Code between two graphs that reads data cannot run on fake tensors: then the example is built with real ones.
    Raises ForwardError, BackwardError, CaptureError, or TraceError if no graph is made.
    """
    try:
        called = _call(context, built)
    except Exception as error:
        real = _with_data(context, imported, built, train, error)
        if real is None:
            raise _failed(built, error) from None
        built = real
        try:
            called = _call(context, built)
        except Exception as again:
            raise _failed(built, again) from None
    graphs = _graphs(context, built, called)
    _note_breaks(context, called.breaks, graphs)
    if not graphs:
        target = context.draft.map.target
        raise TraceError(Failure("capture", "error", NothingCompiled(), target.path, target.line))
    history = GradientHistory.of(pytree.tree_leaves(called.result))
    reached = history.leaves if history is not None else None
    return built, Captured(graphs, compiled=called, reached=reached)


def _call(context: Context, built: Built) -> CompiledCall:
    example = built.example
    register_in_arguments(example.function, example.args, example.kwargs)
    function = example.compiled if example.compiled is not None else example.function
    refused: Mapping[int, frozenset[int]] = {}
    refusals: tuple[Refusal, ...] = ()
    while True:
        calls = CompiledCalls(example.fake)
        try:
            called = calls.call(function, example.args, example.kwargs, context.params.dynamic)
            break
        except Exception as error:
            if not refused and is_constraint_violation(error):
                refusals = calls.refusals()
                refused = weaken_marks((example.args, example.kwargs))
                if refused:  # a finding says that torch refuses them
                    continue
            _note_breaks(context, calls.breaks, ())
            raise
    register_in_result(called.result)
    return replace(called, refused_marks=refused, refusals=refusals)


def _note_breaks(context: Context, breaks: Sequence[Break], graphs: Sequence[CapturedGraph]) -> None:
    found = breaks_of_run(breaks, ((graph.compiled, graph.dynamo) for graph in graphs), context.codebase)
    context.draft.update(graph_breaks=found)


def _with_data(
    context: Context, imported: Imported, built: Built, train: bool | None, error: Exception
) -> Built | None:
    """Return the example with real tensors, if the call needs data that fake ones lack, and it is small; else None."""
    lacks_symbols = _NO_SYMBOLS in text_of(error)  # code between graphs that makes a jagged tensor
    if built.example.mode is None or built.source.root is not None or not (reads_data(error) or lacks_symbols):
        return None
    if bytes_of_state(built.example) > (context.params.memory or _REAL_BYTES) // 3:  # there are activations too
        return None
    with context.birthplaces.recording():
        example = evaluate(context, imported, built.source, train, lambda _: None, error)
    draft = context.draft
    if draft.map.example is not None:
        draft.update(example=replace(draft.map.example, weights="real", weights_reason=problem_of(error)))
    return Built(built.source, example)


def _failed(built: Built, error: Exception) -> CaptureError:
    """Return the error for a call that torch.compile refuses. Raises the user's own error, if it fails in eager too."""
    try:
        call_in_eager(built.example)
    except CallError:
        raise
    except Exception as needed:  # it reads data
        failed = CaptureError(error)
        failed.__cause__ = needed
        return failed
    return CaptureError(error, error)


def _graphs(context: Context, built: Built, called: CompiledCall) -> tuple[CapturedGraph, ...]:
    example = built.example
    traced = TracedCall(example.function, example.args, example.kwargs, example.module)
    names = compiled_names(called, traced, lambda: Sources(context.codebase))
    found = []
    for graph, named in zip(called.graphs, names, strict=True):
        name = graph.code.co_name if graph.code is not None else "forward"
        found.append(
            CapturedGraph(
                graph.joint,
                "dynamo",
                Labels(named.inputs, named.outputs),
                name,
                named.sources,
                _compiled(graph, context.codebase),
                named.internal,
                named.owner,
                named.cut,
            )
        )
    return tuple(found)


def _compiled(graph: CompiledGraph, codebase: Codebase) -> Compiled:
    code = graph.code
    if code is not None and is_library(code.co_filename):  # torch wraps a method that is compiled by itself
        code = next((inner for inner in graph.inlined if not is_library(inner.co_filename)), code)
    function = qualified_name(code) if code is not None else ""
    span = Span(code.co_filename, code.co_firstlineno) if code is not None else None
    guards = compiled_guards(graph, codebase)
    return Compiled(graph.compile_id, function, span, graph.resumes_at, guards, len(graph.runs))
