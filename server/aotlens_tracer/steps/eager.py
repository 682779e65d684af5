"""The sixth step: see what autograd itself saves in the call, without any capture."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from ..examples.guards import TookTooLong, guarded
from ..examples.ladder import FOUND_SECONDS
from ..failures import problem_of
from ..graph.stack_traces import Sources
from ..wire.descriptor_map import Graph, SavedTotal
from .build_example import Built, evaluate, is_given
from .context import Context
from .eager_memory import eager_total, memory_in_eager, saved_in_eager
from .import_target import Imported
from .notices import saved_unknown
from .real_tensors import real_example


def run_in_eager(context: Context, imported: Imported, built: Built, train: bool | None, sources: Sources) -> None:
    """Find out what autograd saves, and put it into the draft's graph. After the capture, because it makes the call."""
    with context.phases.phase("partition", "describe"):
        (graph,) = context.draft.map.graphs
        context.draft.update(graphs=(_with_eager(context, imported, built, train, sources, graph),))


def measure_memory(context: Context, imported: Imported, built: Built, train: bool | None, sources: Sources) -> None:
    """Measure what the call leaves in memory in eager, and put it into the draft's graph; nothing if the call fails.

    A fresh example is called, on fake tensors where it can be built on these: that is cheap, whatever its size.
    """
    with context.phases.phase("eager"):
        (graph,) = context.draft.map.graphs
        try:
            with contextlib.nullcontext() if is_given(built.source) else guarded(FOUND_SECONDS):
                has_root = built.source.root is not None
                example = (
                    built.example if has_root else evaluate(context, imported, built.source, train, lambda _: None)
                )
                memory = memory_in_eager(example, sources)
        except BaseException:  # user code may raise SystemExit and KeyboardInterrupt too
            return
        context.draft.update(graphs=(replace(graph, eager_memory=memory),))


def _with_eager(
    context: Context, imported: Imported, built: Built, train: bool | None, sources: Sources, graph: Graph
) -> Graph:
    is_wanted = context.params.partitioner == "eager"
    try:
        with contextlib.nullcontext() if is_given(built.source) else guarded(FOUND_SECONDS):
            eager = saved_in_eager(built.example, graph, sources)
        eager = _with_real_tensors(context, imported, built, train, sources, eager) or eager
    except (Exception, TookTooLong) as error:
        if is_wanted:
            context.draft.add_findings(saved_unknown(context.draft.map.target, True, error))
        total = SavedTotal("eager", None, problem=problem_of(error))
    else:
        total = eager_total(eager)
        graph = eager if is_wanted else replace(graph, eager_memory=eager.eager_memory)
    return replace(graph, compared=(total, *graph.compared) if context.params.compare else ())


def _with_real_tensors(
    context: Context, imported: Imported, built: Built, train: bool | None, sources: Sources, fake: Graph
) -> Graph | None:
    """Return the graph with what autograd saves of real tensors: libraries behave differently on fake ones.

    None if the tensors are large, or if it takes long, reaches beyond this process or fails. Recorded arguments have
    no data.
    """
    try:
        with guarded(FOUND_SECONDS):
            real = real_example(context, imported, built, train, (fake,))
            return saved_in_eager(real, fake, sources) if real is not None else None
    except (Exception, TookTooLong):
        return None
