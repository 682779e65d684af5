"""A trace: its steps in order, for each example until one works.

A step is a function of the context and of the immutable results of the steps before it, and returns such a result. To
add one, write it in a file of its own and call it in `_trace_example`; what it learns for the map it puts into the
draft (`context.draft`), so that a trace that fails later still reports it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

from ..examples.guards import TookTooLong
from ..examples.ladder import reason_to_go_on
from ..examples.last_good_call import FailedCall, failed_call
from ..examples.worlds import world_of
from ..failures import (
    CallError,
    CaptureError,
    Codebase,
    ForwardError,
    TraceError,
    advice_for_replaced,
    is_library,
    is_of_the_class,
    problem_of,
    put_library_back,
    reads_data,
    refusal_of,
)
from ..findings.of_graph import WITHOUT_GRADIENT, Explained, findings_of
from ..findings.of_steps import of_step, untrained
from ..findings.placements import with_managers
from ..graph.birthplaces import Birthplaces
from ..torch_private import (
    InCluster,
    autocast_of_cuda,
    compiled_code_in_eager,
    forget_results_of_other_settings,
    in_autocast,
    in_cluster,
    noting_fake_calls,
    noting_marks,
)
from ..values.process import Adopt, Beside, Recording
from ..values.waiting import can_be_recorded_apart
from ..wire.descriptor_map import DescriptorMap, Finding, Target
from ..wire.example_options import World
from ..wire.problems import NoExample, ReadsDataInTraining
from ..wire.protocol import TraceParams
from .absent import findings_of_absent
from .blame import (
    blame,
    check_earlier_types,
    check_types,
    failure_of_unproven,
    is_unproven,
    with_operation_of_guess,
)
from .broken_protocols import as_failure, broken_in, broken_protocols
from .build_example import Built, Candidate, build_example, evaluate
from .capture import Captured, capture
from .compiled import capture_compiled
from .context import Context
from .cuda_graphs import cuda_graph_blockers
from .describe import Described, describe_graphs
from .eager import measure_memory, run_in_eager
from .failing import failure_of_trace
from .folded import start_folding
from .graph_breaks import graph_breaks
from .import_target import Imported, import_target, is_to_be_inferred
from .managed_modules import gather_parameters
from .partition import partition_graphs
from .progress import Draft, Phases, Send
from .recompiles import recompiled
from .specialized import specialized
from .training_steps import run_two_steps, untouched
from .values import finish_recording, send_recorded, start_recording
from .watched_again import name_what_happens
from .without_example import without_example

_TRAIN = {"train": True, "eval": False, None: None}


def trace(
    params: TraceParams, send: Send, adopt: Adopt | None = None, is_recorded_apart: bool = False
) -> dict[str, Any]:
    """Return the descriptor map of one target, as JSON; a failure is part of it, never an exception.

    A map that travels in stages lacks what was sent already, and has `partitioned` (see `protocol.Assembled`). A copy
    of this process that calls `adopt` may send too; None if none may.

    With `is_recorded_apart`, another process of the tracer's runs `record_first`; the event `records` ends it.
    """
    recording = Recording(adopt, (lambda: send({"event": "records"})) if is_recorded_apart else None)
    with in_cluster(_first_world(params)) as cluster:
        return _answer(_context(params, send, recording, Beside(adopt), cluster))


def _answer(context: Context) -> dict[str, Any]:
    draft = context.draft
    loaded = frozenset(sys.modules)
    try:
        with (
            compiled_code_in_eager(),
            autocast_of_cuda(context.autocast),
            noting_marks(),
            noting_fake_calls(context.calls),
        ):
            _trace(context)
    except BaseException as error:  # user code may raise SystemExit and KeyboardInterrupt too
        replaced = put_library_back()
        failure = failure_of_trace(context, error)
        advice = advice_for_replaced(error, replaced) or failure.advice
        draft.update(status="failed", failure=replace(failure, advice=advice))
    draft.update(seconds=context.phases.seconds(), **_circumstances(context))
    _report_calls(context)
    context.folding.stop()
    finish_recording(context)
    draft.update(libraries=_libraries(context.codebase, loaded))
    return draft.rest()


def record_first(params: TraceParams, send: Send) -> None:
    """Record the values of the first example, if it is one that this process can build as another one does."""
    with contextlib.ExitStack() as stack, compiled_code_in_eager(), in_cluster(_first_world(params)) as cluster:
        context = _context(params, send, Recording(None), Beside(None), cluster)
        stack.enter_context(autocast_of_cuda(context.autocast))
        imported = import_target(context)
        candidate = next(iter(_candidates(context)), None)
        if candidate is None or not can_be_recorded_apart(candidate.source):
            return
        with context.birthplaces.recording():
            example = evaluate(context, imported, candidate.source, candidate.train, lambda _: None)
        stack.enter_context(in_autocast(example.autocast))
        for _ in send_recorded(context, imported, Built(candidate.source, example), candidate.train):
            pass


def _first_world(params: TraceParams) -> World | None:
    """Return the cluster in which the file is imported: that of the example that is tried first."""
    lines = (None, *params.definition_lines[-1:])
    sources = (source for source in params.examples if source.definition_line in lines)
    return world_of(params, next(sources, None))


def _context(params: TraceParams, send: Send, recording: Recording, folding: Beside, cluster: InCluster) -> Context:
    target = Target(params.path, params.qualname, next(iter(params.definition_lines[-1:]), None))
    draft = Draft(DescriptorMap(target, "failed", params.convention), send, params.stages)
    codebase, phases = Codebase(params.path), Phases(send)
    return Context(params, codebase, Birthplaces(codebase), phases, draft, send, recording, folding, cluster=cluster)


def _trace(context: Context) -> None:
    """Import the target, and try its examples until one works or an error is the answer."""
    imported = import_target(context)
    uncapturable: CaptureError | None = None
    guess: BaseException | None = None
    last_good: Candidate | None = None
    after: FailedCall | None = None
    candidates = _candidates(context)
    for candidate in candidates:
        source = candidate.source
        context.send({"event": "candidate", "index": candidate.index})
        try:
            _trace_in_the_mode_that_works(context, imported, replace(candidate, after=after))
            return
        except BaseException as error:  # user code may raise SystemExit and KeyboardInterrupt too
            is_guessed, is_over = is_to_be_inferred(source), not isinstance(error, Exception)
            if last_good is not None and is_guessed and not is_over and not isinstance(error, CaptureError):
                _fail_as_before(context, imported, last_good)
                return
            reason = reason_to_go_on(source, error, imported.value, context.codebase)
            if reason is None:
                if uncapturable is not None and is_of_the_class(error):  # another call of the class runs
                    raise uncapturable from None
                raise
            if isinstance(error, CaptureError):
                uncapturable = uncapturable or error
            if is_guessed:
                if uncapturable is None and candidate is candidates[-1]:
                    context.draft.note(source, reason)  # what is known of the nearest guess stays
                    raise
                guess = error
            if source.served and (failed := failed_call(source.expression, error, context.codebase)) is not None:
                last_good, after = candidate, failed
            context.recording.stop()
            context.folding.stop()
            context.draft.pass_over(source, reason)
    if uncapturable is not None:
        raise uncapturable
    if guess is not None:  # it says best what is missing, or what is wrong with the class
        raise guess
    raise TraceError(without_example(context, imported))


def _fail_as_before(context: Context, imported: Imported, candidate: Candidate) -> None:
    """Trace the last good call again, whose failure is the answer: no other call of the class was found that runs."""
    draft = context.draft
    attempts = draft.map.attempts
    context.recording.stop()
    context.folding.stop()
    draft.pass_over(candidate.source, NoExample(context.params.qualname))
    draft.update(attempts=attempts)
    _trace_in_the_mode_that_works(context, imported, candidate)


def _candidates(context: Context) -> list[Candidate]:
    """Return the examples that belong to the target, best first."""
    return [
        Candidate(source, index, _TRAIN[context.params.mode])
        for index, source in enumerate(context.params.examples)
        if source.definition_line in (None, context.draft.map.target.line)
    ]


def _trace_in_the_mode_that_works(context: Context, imported: Imported, candidate: Candidate) -> None:
    """Trace one example; in evaluation if it reads values in training, and nobody chose the mode."""
    draft = context.draft
    try:
        _trace_example(context, imported, candidate)
    except (ForwardError, CaptureError) as error:
        source = candidate.source
        is_found = source.origin in ("recorded", "call-site") and source.step is None
        is_chosen = candidate.train is not None or not is_found
        is_trained = draft.map.example is not None and draft.map.example.mode == "train"
        if is_chosen or not is_trained or not reads_data(error.__cause__ or error):
            raise
        before = draft.map
        context.recording.stop()
        context.folding.stop()
        draft.pass_over(candidate.source, ReadsDataInTraining(problem_of(error)))
        try:
            _trace_example(context, imported, Candidate(candidate.source, candidate.index, train=False))
        except (Exception, TookTooLong):
            kept = {"example": before.example, "modules": before.modules, "ddp_parameters": before.ddp_parameters}
            draft.update(attempts=draft.map.attempts[:-1], **kept)
            raise error from error.__cause__


def _trace_example(context: Context, imported: Imported, candidate: Candidate) -> None:
    """Run the steps of a trace with one example."""
    built = build_example(context, imported, candidate)
    context.autocast.is_used = False  # by code that leads to the call, but is no part of it
    with in_autocast(built.example.autocast):
        _trace_built(context, imported, built, candidate)


def _trace_built(context: Context, imported: Imported, built: Built, candidate: Candidate) -> None:
    params, draft = context.params, context.draft
    forget_results_of_other_settings(context.settings)
    # Without values, those of an example that was passed over are dropped; those of another process come at any time.
    values = () if context.recording.is_apart else ("values",)
    draft.send_stage("built", "target", "example", "modules", "ddp_parameters", "state", "step", *values)
    start_recording(context, imported, built, candidate.train)
    if built.guess is not None and built.guess.failure is not None:
        raise TraceError(with_operation_of_guess(context, built, built.guess.failure))
    built = gather_parameters(context, built)
    for_eager = untouched(context, built)
    start_folding(context, built)
    with contextlib.ExitStack() as stack:  # the capture is valid in here
        with context.phases.phase("capture"):
            built, captured = _captured(context, imported, built, candidate.train, stack)
        described = describe_graphs(context, built, captured)
        partition_graphs(context, described)
    # The rest makes the call, which may change the example's tensors in place, so it comes last.
    only = described[0] if len(described) == 1 and described[0].graph.joint else None
    if only is not None and (params.partitioner == "eager" or params.compare):
        run_in_eager(context, imported, built, candidate.train, only.sources)
    refused = captured.dynamo_error is not None and refusal_of(captured.dynamo_error)[1] != "dynamo"
    broken = broken_protocols(built, refused)
    if captured.dynamo_error is not None:
        with context.phases.phase("capture"):
            breaks = graph_breaks(built.example, context.codebase, captured.dynamo_error)
            draft.update(graph_breaks=tuple(each for each in breaks if not broken or each.by == "dynamo"))
    if captured.compiled is not None:
        blockers = cuda_graph_blockers(context, captured.compiled, described, built.example.module)
        draft.add_findings(*blockers)
    draft.add_findings(*broken)
    draft.add_findings(*specialized(context, built, captured))
    before = draft.map.findings
    draft.add_findings(*_findings(context, built, captured, described, in_eager=False))
    draft.update(status="traced", **_circumstances(context))
    if params.eager:
        draft.update(seconds=context.phases.seconds())
        draft.send_whole()
        _report_calls(context)
        is_missed = any(finding.code in WITHOUT_GRADIENT for finding in draft.map.findings)
        if is_missed or (captured.compiled is not None and captured.compiled.breaks):
            with context.phases.phase("eager"):
                draft.update(findings=(*before, *_findings(context, built, captured, described, in_eager=True)))
        if captured.compiled is not None:
            with context.phases.phase("eager"):
                draft.add_findings(*recompiled(context, captured.compiled))
        run_two_steps(context, imported, for_eager, candidate.train, described)
        if only is not None and draft.map.graphs[0].eager_memory is None:
            measure_memory(context, imported, built, candidate.train, only.sources)


def _report_calls(context: Context) -> None:
    """Send the calls whose results were not known, so that the next child knows them."""
    context.send({"event": "calls", "calls": list(context.calls)})
    context.calls.clear()


def _findings(
    context: Context, built: Built, captured: Captured, described: Sequence[Described], in_eager: bool
) -> list[Finding]:
    map = context.draft.map
    explained = [
        Explained(
            graph, each.why_in_eager if in_eager else each.why, each.captured.called, each.zeros, each.captured.cut
        )
        for graph, each in zip(map.graphs, described, strict=True)
    ]
    found = findings_of(map.target, explained, map.graph_breaks, map.modules)
    found = [*with_managers(found, built.managed), *findings_of_absent(context, built, captured, in_eager)]
    return [*of_step(found, map.step), *untrained(found, map.step, map.state, map.target.path)]


def _captured(
    context: Context, imported: Imported, built: Built, train: bool | None, stack: contextlib.ExitStack
) -> tuple[Built, Captured]:
    try:
        if context.params.convention == "compile":
            built, captured = capture_compiled(context, imported, built, train)
        else:
            captured = stack.enter_context(capture(built.example))
    except (CallError, TraceError) as error:
        broken = broken_in(context, built, error)
        if broken is not None:
            failure = as_failure(context, failure_of_trace(context, error), broken)
            context.draft.update(graph_breaks=())  # the same, seen in torch
            raise TraceError(failure) from error
        if isinstance(error, TraceError):
            raise
        error.is_of_the_class = built.guess is not None and built.guess.is_of_the_class
        name_what_happens(context, imported, built, train, error)
        if error.changed is None:
            blame(context, built, error)
            check_earlier_types(context, built, error)
        if is_unproven(built, error):
            raise TraceError(failure_of_unproven(context, failure_of_trace(context, error))) from error
        raise
    check_types(context, built, captured)
    return built, captured


def _circumstances(context: Context) -> dict[str, Any]:
    """Return the fields of the map that are known of any trace, also of one that failed."""
    return {"torch": torch.__version__, "files": _files(context), "autocast_of_cuda": context.autocast.is_used}


def _files(context: Context) -> tuple[str, ...]:
    """Return the user's files that are imported or run: a change of one of them may change the map."""
    imported = {file for file in _imported(sys.modules) if context.codebase.owns(file)}
    return tuple(sorted(imported | set(_run_for_steps(context))))


def _run_for_steps(context: Context) -> Iterator[str]:
    """Yield the files whose statements were run for a training step: that of the chosen example, else all of them."""
    example, examples = context.draft.map.example, context.params.examples
    chosen = examples if example is None or example.candidate is None else (examples[example.candidate],)
    for source in chosen:
        for each in (source, *(source.root.examples if source.root is not None else ())):
            if each.step is not None:
                yield from (statement.path for statement in (*each.prelude, *each.step.body))


def _libraries(codebase: Codebase, loaded: Collection[str]) -> tuple[str, ...]:
    """Return the files of installed packages that the target imports. `loaded` are the modules from before."""
    names = [name for name in list(sys.modules) if name not in loaded]
    files = {file for file in _imported(names) if not codebase.owns(file) and not is_library(file)}
    return (*_imported(("torch.version",)), *sorted(files))


def _imported(names: Iterable[str]) -> set[str]:
    files = (getattr(sys.modules.get(name), "__file__", None) for name in list(names))
    return {file for file in files if isinstance(file, str) and os.path.isabs(file)}
