"""What a trace child does: import the user's file, build the example, capture, describe."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch

from ..examples.evaluate import BuiltExample, build, namespace_of
from ..examples.guards import TookTooLong, guarded
from ..examples.inferred import machine, stand_ins
from ..examples.inferred.search import Search
from ..examples.ladder import FOUND_SECONDS, in_brief, reason_to_go_on
from ..examples.recorded import NotCalled, record
from ..examples.written import constructor_in_words, written
from ..failures import (
    BackwardError,
    CaptureError,
    Codebase,
    ForwardError,
    TraceError,
    code_line,
    failure_of,
    first_line,
    reads_data,
    shortened,
)
from ..findings.gradient_paths import reasons
from ..findings.verdicts import Why, findings_of
from ..graph.birthplaces import Birthplaces
from ..graph.describe import Named, describe
from ..graph.in_place import with_places_of_changes
from ..graph.labels import described_arguments
from ..graph.module_tree import module_tree
from ..graph.operations import Operations
from ..graph.stack_traces import Sources, parse
from ..graph.tensors import tensor_bytes
from ..loading.definitions import line_of, local_definition, module_classes, resolve
from ..loading.importing import import_file
from ..torch_private import take_flex_attention_on_cpu
from ..wire.descriptor_map import (
    Attempt,
    DescriptorMap,
    Example,
    Failure,
    Finding,
    Frame,
    Graph,
    ModuleInstance,
    SavedTotal,
    Seconds,
    Span,
    Target,
)
from ..wire.json_codec import to_json
from ..wire.protocol import ExampleSource, Root, TargetsParams, TraceParams
from .capture import Captured, capture, graph_breaks
from .partition import eager_total, partitioned, saved_in_eager, totals

Send = Callable[[dict[str, Any]], None]


class Phases:
    """Times the phases of a trace, and announces each as it begins."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._seconds: dict[str, float] = {}
        self._start = time.perf_counter()
        self.current = "import"

    @contextlib.contextmanager
    def phase(self, stage: str, clock: str | None = None) -> Iterator[None]:
        """A phase that is reported as `stage`, and whose time counts towards `clock` (the stage itself by default)."""
        self.current = stage
        self._send({"event": "stage", "stage": stage})
        start = time.perf_counter()
        try:
            yield
        finally:
            clock = clock or stage
            self._seconds[clock] = self._seconds.get(clock, 0.0) + time.perf_counter() - start

    def seconds(self) -> Seconds:
        """What was measured so far."""
        rounded = {key: round(value, 3) for key, value in self._seconds.items()}
        return Seconds(
            rounded.get("import", 0.0),
            rounded.get("example", 0.0),
            rounded.get("capture", 0.0),
            rounded.get("describe", 0.0),
            round(time.perf_counter() - self._start, 3),
        )


def list_targets(params: TargetsParams, send: Send) -> dict[str, Any]:
    """The module classes of a file: `{"targets": [Target], "failure": None}`, or why it could not be imported."""
    codebase = Codebase(params.path)
    phases = Phases(send)
    try:
        with phases.phase("import"):
            module, _ = stand_ins.importing(lambda: import_file(params.path, params.import_roots))
        return {"targets": module_classes(module, params.path), "failure": None}
    except BaseException as error:  # user code may raise SystemExit and KeyboardInterrupt too
        return {"targets": [], "failure": failure_of(error, "import", codebase)}


def trace(params: TraceParams, send: Send) -> dict[str, Any]:
    """The descriptor map of one target, as JSON; a failure is part of it, never an exception.

    Where it travels in stages, without what was sent already, and with `partitioned` by itself (see
    `protocol.Assembled`).
    """
    phases = Phases(send)
    job = _Trace(params, phases, send)
    try:
        job.run()
        status = "traced"
    except BaseException as error:  # user code may raise SystemExit and KeyboardInterrupt too
        status = "failed"
        job.failure = job.explain(error)
    map = DescriptorMap(
        job.target,
        status,
        params.convention,
        job.example,
        job.graphs,
        job.modules,
        job.graph_breaks,
        tuple(job.findings),
        tuple(job.attempts),
        job.failure,
        phases.seconds(),
        torch.__version__,
        _files(job.codebase),
    )
    result: dict[str, Any] = to_json(map)
    for name in job.sent:
        del result[name]
    if "graphs" in job.sent:
        names = ("saved", "partition", "frames", "partitioner", "memory_budget", "eager_on", "compared")
        result["partitioned"] = [{name: to_json(getattr(graph, name)) for name in names} for graph in job.graphs]
    return result


def _files(codebase: Codebase) -> tuple[str, ...]:
    """The user's files that are imported: a change of one of them may change the map."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    found = {file for file in files if isinstance(file, str) and os.path.isabs(file) and codebase.owns(file)}
    return tuple(sorted(found))


_REAL_BYTES = 1 << 30
"""So much of parameters, buffers and what is saved is allocated to see what autograd does with real tensors."""
_TRAIN = {"train": True, "eval": False, None: None}


def _is_to_be_inferred(source: ExampleSource) -> bool:
    return source.origin == "inferred" and not source.expression


def _place_of(source: ExampleSource) -> Span | None:
    """Where an example stands."""
    if source.path is None or source.line is None:
        return None
    return Span(source.path, source.line, source.column)


class _Trace:
    """One trace, as far as it got."""

    def __init__(self, params: TraceParams, phases: Phases, send: Send) -> None:
        self.params = params
        self.phases = phases
        self.send = send
        self.codebase = Codebase(params.path)
        self.target = Target(params.path, params.qualname, next(iter(params.definition_lines[-1:]), None))
        self.birthplaces = Birthplaces()
        self.attempts: list[Attempt] = []
        self.candidate: int | None = None
        self.example: Example | None = None
        self.example_span: Span | None = None
        self.graphs: tuple[Graph, ...] = ()
        self.modules: tuple[ModuleInstance, ...] = ()
        self.graph_breaks: tuple[Any, ...] = ()
        self.findings: list[Finding] = []
        self.sent: list[str] = []
        self.failure: Failure | None = None
        self.why: Why = lambda slot, place: None
        self.train = _TRAIN[params.mode]

    def run(self) -> None:
        with self.birthplaces.recording(), self.phases.phase("import"):
            module = self._import()
        value = self._resolve(module)
        uncapturable: CaptureError | None = None
        guess: BaseException | None = None
        for source in self._examples(value):
            try:
                self._run_in_the_mode_that_works(source, module, value)
                return
            except BaseException as error:  # user code may raise SystemExit and KeyboardInterrupt too
                reason = reason_to_go_on(source, error, value, self.params.path)
                if reason is None:
                    raise
                if isinstance(error, CaptureError):
                    uncapturable = uncapturable or error
                if _is_to_be_inferred(source):
                    guess = error
                self._pass_over(source, reason)
        if uncapturable is not None:
            raise uncapturable
        if guess is not None:  # it says best what is missing, or what is wrong with the class
            raise guess
        raise TraceError(self._without_example(value))

    def _import(self) -> types.ModuleType:
        """The target's module. Where a guess may be needed, missing packages are stood in for, and told."""
        params = self.params
        take_flex_attention_on_cpu()
        if not any(_is_to_be_inferred(source) for source in params.examples):
            return import_file(params.path, params.import_roots)
        machine.prepare()
        module, missing = stand_ins.importing(lambda: import_file(params.path, params.import_roots))
        for package, error in missing.items():
            place = failure_of(error, "import", self.codebase)
            message = f"{package} is not installed: something that cannot be called stands in for it"
            self.findings.append(Finding("missing-package", "warning", message, place.path or params.path, place.line))
        return module

    def _run_in_the_mode_that_works(self, source: ExampleSource, module: types.ModuleType, value: Any) -> None:
        """Trace with one example; in evaluation what reads values in training, where nobody chose the mode."""
        try:
            self._run_with(source, module, value)
        except (ForwardError, CaptureError) as error:
            is_chosen = self.train is not None or source.origin not in ("recorded", "call-site")
            is_trained = self.example is not None and self.example.mode == "train"
            if is_chosen or not is_trained or not reads_data(error.__cause__ or error):
                raise
            kept = self.example, self.example_span, self.modules
            self._pass_over(source, f"reads values in training, and is traced in evaluation: {in_brief(error)}")
            self.train = False
            try:
                self._run_with(source, module, value)
            except (Exception, TookTooLong):
                self.attempts.pop()
                self.example, self.example_span, self.modules = kept
                raise error from error.__cause__
            finally:
                self.train = None

    def _run_with(self, source: ExampleSource, module: types.ModuleType, value: Any) -> None:
        """Trace the target with one example."""
        phases = self.phases
        with self.birthplaces.recording(), phases.phase("example"):
            example = self._build(source, module, value)
        self._send_stage("built", "target", "example", "modules")
        sources = Sources(self.codebase)
        with contextlib.ExitStack() as stack:
            with phases.phase("capture"):
                captured = stack.enter_context(capture(example))
            self._describe(example, captured, sources)
        if captured.joint.needs_autograd and (self.params.partitioner == "eager" or self.params.compare):
            with phases.phase("partition", "describe"):
                self._run_in_eager(source, module, example, sources)
        if captured.dynamo_error is not None:
            with phases.phase("capture"):
                self.graph_breaks = graph_breaks(example, self.codebase, captured.dynamo_error)
        self.findings += findings_of(self.target, self.graphs, self.graph_breaks, self.modules, self.why)

    def _pass_over(self, source: ExampleSource, reason: str) -> None:
        """Note that an example does not serve, and forget what came of it."""
        recorded_in = f"{source.root.path}::{source.root.qualname}" if source.root is not None else None
        attempt = Attempt(source.origin, reason, source.expression.strip() or None, _place_of(source), recorded_in)
        self.attempts.append(attempt)
        self.example = self.example_span = None
        self.graphs, self.modules, self.graph_breaks = (), (), ()
        self.sent.clear()

    def _resolve(self, module: types.ModuleType) -> Any:
        params = self.params
        value = resolve(module, params.path, params.qualname)
        line = line_of(value, params.path) if value is not None else None
        line = line or self.target.line
        self.target = replace(self.target, line=line)
        others = [other for other in params.definition_lines if other != line]
        if others and line is not None:
            where = ", ".join(str(other) for other in others)
            message = f"{params.qualname} is defined more than once (also on line {where}): Python keeps the one here"
            self.findings.append(Finding("duplicate-definition", "information", message, params.path, line))
        return value

    def _examples(self, value: Any) -> Iterator[ExampleSource]:
        """The examples that are meant for the target, best first."""
        for index, source in enumerate(self.params.examples):
            if source.definition_line in (None, self.target.line):
                self.candidate = index
                self.send({"event": "candidate", "index": index})
                yield source

    def _without_example(self, value: Any) -> Failure:
        """The failure where there is no example, or none that serves."""
        message = f"no example says how to build and call {self.params.qualname}"
        if self.attempts:
            last = self.attempts[-1]
            message = f"no example of {self.params.qualname} that was found serves: {last.reason}"
        path, line = self.params.path, self.target.line
        return Failure("example", "error", message, path, line, hint=self._how_to_pin(value))

    def _how_to_pin(self, value: Any) -> str:
        """What to do where there is no example."""
        path, qualname, line = self.params.path, self.params.qualname, self.target.line
        elsewhere = next((item for item in self.params.examples if item.definition_line not in (None, line)), None)
        if elsewhere is not None:
            return (
                f"the example in line {elsewhere.line} stands above the definition in line "
                f"{elsewhere.definition_line}, which the one in line {line} replaces: move it there"
            )
        file = getattr(sys.modules.get(getattr(value, "__module__", None) or ""), "__file__", None)
        if value is not None and file is not None and os.path.realpath(file) != os.path.realpath(path):
            return f"it comes from {file}: trace it there, or give an example with --example"
        owner, _, name = qualname.replace(".<locals>", "").rpartition(".")
        if value is None:
            function = (local_definition(path, qualname) or qualname).partition(".<locals>")[0]
            call = f"{function}(…)(torch.randn(…))"
            return f"it is made inside {function}: write an example that gets at it, as `# aotlens: {call}`, above it"
        if isinstance(value, type):
            call = f"{qualname}(…)(torch.randn(…))"
        else:
            call = f"{owner}(…).{name}(torch.randn(…))" if owner else f"{name}(torch.randn(…))"
        return f"write one right above its definition, `# aotlens: {call}`, or give it with --example"

    def _check(self, example: BuiltExample, value: Any) -> None:
        """An example of another class (a copied comment) would make a map that is not the target's."""
        if value is None:
            full = local_definition(self.params.path, self.params.qualname)
            reached = [type(module) for module in example.module.modules()] if example.module else []
            if full in (getattr(item, "__qualname__", None) for item in (*reached, example.function)):
                return
        elif not isinstance(value, type):
            return
        call = self.example.expression if self.example is not None else ""
        if example.module is None:
            what = f"calls a {type(example.function).__name__}, not a module"
        elif value is not None and any(isinstance(module, value) for module in example.module.modules()):
            return
        else:
            what = f"is one of {type(example.module).__name__}, in which there is no {self.params.qualname}"
        span = self.example_span
        place = (span.path, span.line) if span is not None else (None, None)
        hint = f"an example of {self.params.qualname} builds one and calls it, in one expression"
        raise TraceError(Failure("example", "error", f"the example {what}: {call}", *place, hint=hint))

    def _build(self, source: ExampleSource, module: types.ModuleType, value: Any) -> BuiltExample:
        self.example_span = _place_of(source)
        if _is_to_be_inferred(source):
            source = replace(source, expression=self._infer(module, value))
        expression = source.expression.strip() or None
        self.example = Example(source.origin, expression=expression, source=self.example_span, candidate=self.candidate)
        reasons: list[str] = []
        if source.root is not None:
            example = self._record(source.root, value, reasons)
        else:
            example = self._evaluate(source, module, reasons)
        self._check(example, value)
        owner = example.module
        if owner is not None:
            self.modules = module_tree(owner, self.birthplaces)
        names = namespace_of(source, module)
        constructor = example.constructor
        if source.origin in ("recorded", "call-site") and owner is not None:
            constructor = constructor_in_words(owner, names, self.birthplaces)
        self.example = replace(
            self.example,
            constructor=constructor,
            arguments=described_arguments(example.function, example.args, example.kwargs),
            mode=None if owner is None else "train" if owner.training else "eval",
            weights="fake" if example.mode is not None else "real",
            weights_reason=next(iter(reasons), None),
            pin=self._pin(source, example, module),
        )
        return example

    def _infer(self, module: types.ModuleType, value: Any) -> str:
        """A guessed example that runs on fake tensors."""
        if not isinstance(value, type) or value.__module__ != module.__name__:
            raise TraceError(self._without_example(value))
        search = Search(value, module, self.birthplaces, self.train)
        try:
            return search.run()
        finally:
            self.attempts += [Attempt("inferred", reason, expression) for expression, reason in search.tried]

    def _evaluate(
        self,
        source: ExampleSource,
        module: types.ModuleType,
        reasons: list[str],
        needs_data: BaseException | None = None,
    ) -> BuiltExample:
        """Build what an example's expression says, within bounds where nobody meant it to be run here."""
        train = self.train

        def note(reason: str) -> None:
            reasons.append(reason)
            self.send({"event": "note", "text": f"built with real weights: {reason}"})

        if source.origin in ("option", "pinned"):
            return build(source, module, self.birthplaces, train, note, needs_data)
        with guarded(FOUND_SECONDS):
            return build(source, module, self.birthplaces, train, note, needs_data)

    def _record(self, root: Root, value: Any, reasons: list[str]) -> BuiltExample:
        """The target's first call in the call of another target, which is built with the best of its own examples."""
        assert self.example is not None
        module = import_file(root.path, self.params.import_roots)
        line = line_of(resolve(module, root.path, root.qualname), root.path)
        problem: Exception | None = None
        for source in root.examples:
            if source.definition_line not in (None, line):
                continue
            self.example_span = _place_of(source)
            self.example = replace(
                self.example,
                recorded_in=f"{root.path}::{root.qualname}",
                recorded_origin=source.origin,
                source=self.example_span,
            )
            try:
                return self._recorded(source, module, value, reasons)
            except Exception as error:
                if source.origin in ("option", "pinned"):
                    raise
                problem = problem or error
                reasons.clear()
        raise problem or NotCalled(f"{root.qualname} has no example of its own")

    def _recorded(self, root: ExampleSource, module: types.ModuleType, value: Any, reasons: list[str]) -> BuiltExample:
        """The target's first call in the call of a root; where that needs data before, in one with real tensors."""
        try:
            built = self._evaluate(root, module, reasons)
            with guarded(FOUND_SECONDS):
                return record(built, value)
        except NotCalled as error:
            if built.mode is None or error.__cause__ is None or not reads_data(error.__cause__):
                raise
            needs_data = error.__cause__
        built = self._evaluate(root, module, reasons, needs_data)
        with guarded(FOUND_SECONDS):
            return record(built, value)

    def _pin(self, source: ExampleSource, example: BuiltExample, module: types.ModuleType) -> str | None:
        """One expression in the target's file that stands for the example."""
        if source.root is None and not source.prelude and source.origin != "call-site":
            return source.expression.strip()
        return written(example, {"torch": torch, **vars(module)}, self.birthplaces)

    def _describe(self, example: BuiltExample, captured: Captured, sources: Sources) -> None:
        named = Named(example.function, example.args, example.kwargs, example.module, self.birthplaces)
        operations = Operations(example.module, sources)
        with self.phases.phase("describe"):
            graph = describe(captured.joint, captured.capture, named, sources, operations)
            if captured.capture == "dynamo":
                graph = with_places_of_changes(graph, captured.joint, named, sources)
            self.graphs = (graph,)
        self._send_stage("joint", "graphs")
        if captured.capture == "dynamo":
            self.why = reasons(captured.joint, named, sources)
        if not graph.joint:
            return
        with self.phases.phase("partition", "describe"):
            if self.params.compare:
                graph = replace(graph, compared=totals(captured.joint, self.params.memory_budget))
            if self.params.partitioner != "eager":
                budget = self.params.memory_budget
                try:
                    graph = partitioned(captured.joint, graph, sources, operations, self.params.partitioner, budget)
                except Exception as error:
                    self._saved_is_unknown("torch's partitioner failed", error)
        self.graphs = (graph,)

    def _run_in_eager(
        self, source: ExampleSource, module: types.ModuleType, example: BuiltExample, sources: Sources
    ) -> None:
        """Find out what autograd saves. After the capture, because it makes the call."""
        (graph,) = self.graphs
        meant = source.origin in ("option", "pinned")
        try:
            with contextlib.nullcontext() if meant else guarded(FOUND_SECONDS):
                eager = saved_in_eager(example, graph, sources)
            eager = self._run_for_real(source, module, example, sources, eager) or eager
        except (Exception, TookTooLong) as error:
            if self.params.partitioner == "eager":
                self._saved_is_unknown("the call fails without a capture", error)
            total = SavedTotal("eager", None, problem=first_line(str(error)))
        else:
            total = eager_total(eager)
            graph = eager if self.params.partitioner == "eager" else graph
        self.graphs = (replace(graph, compared=(total, *graph.compared) if self.params.compare else ()),)

    def _run_for_real(
        self, source: ExampleSource, module: types.ModuleType, example: BuiltExample, sources: Sources, fake: Graph
    ) -> Graph | None:
        """What autograd saves of real tensors, where they are small: libraries do otherwise where they see fake ones.

        None where it takes long, reaches beyond this process or fails. Recorded arguments have no data.
        """
        if example.mode is None or source.root is not None or self.example is None:
            return None
        given = (*example.module.parameters(), *example.module.buffers()) if example.module is not None else ()
        size = sum(tensor_bytes(tensor) or 0 for tensor in given) + sum(value.bytes or 0 for value in fake.saved or ())
        if size > _REAL_BYTES:
            return None
        source = replace(source, expression=self.example.expression or "")
        needs_data = RuntimeError("eager is seen on real tensors")
        try:
            with guarded(FOUND_SECONDS):
                real = build(source, module, self.birthplaces, self.train, lambda _: None, needs_data)
                return saved_in_eager(real, fake, sources)
        except (Exception, TookTooLong):
            return None

    def _saved_is_unknown(self, why: str, error: BaseException) -> None:
        message = f"{why}, so nothing is known of what is saved for backward: {first_line(str(error))}"
        self.findings.append(Finding("partition-failed", "warning", message, self.target.path, self.target.line))

    def _send_stage(self, stage: str, *names: str) -> None:
        """Send these fields of the map ahead of the rest."""
        if self.params.stages:
            self.send(
                {"event": "map", "stage": stage, "fields": {name: to_json(getattr(self, name)) for name in names}}
            )
            self.sent += names

    def explain(self, error: BaseException) -> Failure:
        """The failure for an exception that ended the trace."""
        stage = self.phases.current
        if isinstance(error, ForwardError) and error.__cause__ is not None:
            return failure_of(error.__cause__, "forward", self.codebase, self.example_span)
        if isinstance(error, BackwardError):
            return self._backward_failure(error)
        if isinstance(error, CaptureError):
            return self._capture_failure(error)
        if stage == "capture" and not isinstance(error, Exception):  # the user's sys.exit, their KeyboardInterrupt
            return failure_of(error, "forward", self.codebase, self.example_span)
        return failure_of(
            error, stage if stage in ("import", "example") else "capture", self.codebase, self.example_span
        )

    def _backward_failure(self, error: BackwardError) -> Failure:
        """Autograd's reason, at the line of forward whose derivative fails, or in the user's own `backward`."""
        failure = failure_of(error.__cause__ or error, "forward", self.codebase, self.example_span)
        failure = replace(failure, message=f"the backward pass fails: {failure.message}")
        stack = [span for span in parse(error.forward or "") if self.codebase.owns(span.path)]
        if failure.frames or not stack:
            return failure
        frames = tuple(Frame(span.path, span.line, "forward", code_line(span.path, span.line)) for span in stack)
        return replace(failure, path=stack[-1].path, line=stack[-1].line, frames=shortened(frames))

    def _capture_failure(self, error: CaptureError) -> Failure:
        """Dynamo's reason with its place, and why AOTAutograd alone did no better."""
        self.graph_breaks = graph_breaks(None, self.codebase, error.dynamo_error)
        if error.direct_error is None:
            return failure_of(error.__cause__ or error, "capture", self.codebase, self.example_span)
        first = self.graph_breaks[0]
        direct = failure_of(error.direct_error, "capture", self.codebase, self.example_span)
        return replace(
            direct,
            message=f"Dynamo: {first.reason}\nAOTAutograd without Dynamo: {first_line(direct.message)}",
            path=first.path or direct.path or self.params.path,
            line=first.line or direct.line or self.target.line,
            hint=next(iter(first.hints), direct.hint),
        )
