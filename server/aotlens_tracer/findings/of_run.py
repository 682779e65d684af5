"""Findings of a run in eager: gradients that only the graph has, or only the run; errors; changes that are unseen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..failures import is_library
from ..graph.stack_traces import source_text
from ..wire.descriptor_map import DescriptorMap, Graph, Input, Span, Target
from ..wire.eager_run import EagerChange, EagerRun
from ..wire.findings import (
    Cut,
    Finding,
    InBackward,
    InEager,
    NeverUsed,
    NoGradient,
    NoneInEager,
    NoPath,
    NotInEachCall,
    NotInLoss,
    OnlyChanged,
    OutputName,
    Outside,
    ReachesKept,
    ReentrantCheckpoint,
    ReturnedItself,
    Subject,
    places_of,
)
from ..wire.gradients import own_gradient
from ..wire.places import Expression
from .of_call import with_gradient
from .of_graph import WITHOUT_GRADIENT, Why
from .placements import without_redistributed
from .values import Value, has_gradient, values_of

_REENTRANT = "None of the inputs have requires_grad=True. Gradients will be None"
"""The warning of `torch.utils.checkpoint` with `use_reentrant=True`."""


@dataclass(frozen=True)
class Compared:
    """The graphs with the inputs whose gradient one of graphs and run has, and the findings with those of the run.

    `agrees` says that both give the same inputs a gradient.
    """

    graphs: tuple[Graph, ...]
    agrees: bool
    findings: tuple[Finding, ...]


def compared(map: DescriptorMap, run: EagerRun, whys: Sequence[Why], cuts: Sequence[frozenset[str]]) -> Compared:
    """Compare the graphs of a map with the run. What differs from call to call is not compared.

    A call has the gradient of a value if one of its graphs has it. `whys` say of each graph why it has none, and `cuts`
    are the names in each of what gets none in the call as a whole.
    """
    only_in_graph: list[tuple[int, Value]] = []
    only_in_eager: list[tuple[int, Value]] = []
    by_name: dict[tuple[str | None, str], list[tuple[int, Value]]] = {}
    present = with_gradient(zip(map.graphs, cuts, strict=True))
    for index, graph in enumerate(map.graphs):
        for value in values_of(graph):
            for name in value.names:
                by_name.setdefault((value.kind, name), []).append((index, value))
    for gradient in run.gradients:
        values = [each for name in gradient.names for each in by_name.get((gradient.kind, name), ())]
        if not values or run.draws or gradient.again not in (None, gradient.present):
            continue
        if gradient.present != any((gradient.kind, name) in present for name in gradient.names):
            (only_in_eager if gradient.present else only_in_graph).extend(values)
    graphs = tuple(
        dataclasses.replace(
            graph,
            only_in_graph=_indices([*only_in_graph, *_cut(map.graphs, cuts)], index),
            only_in_eager=_indices(only_in_eager, index),
        )
        for index, graph in enumerate(map.graphs)
    )
    unseen = list({(value.kind, value.name): value for _, value in only_in_eager}.values())
    known = without_redistributed(map.findings, run)
    findings = [_of_each_call(finding, run) for finding in _without_those_in_eager(known, unseen)]
    findings += [_none_in_eager(value, graphs[index], run, map.target, whys[index]) for index, value in only_in_graph]
    findings += [_outside(value, map) for value in unseen]
    findings += _of_changes(run.changes, map)
    findings += _of_error(run, map.target)
    return Compared(graphs, not only_in_graph and not only_in_eager, tuple(findings))


def _cut(graphs: Sequence[Graph], cuts: Sequence[frozenset[str]]) -> Iterator[tuple[int, Value]]:
    """Yield the values whose gradient a graph computes, though the call as a whole gives them none."""
    for index, (graph, cut) in enumerate(zip(graphs, cuts, strict=True)):
        for value in values_of(graph):
            if cut.issuperset(value.names) and has_gradient(value, graph):
                yield index, value


def agrees(map: DescriptorMap, run: EagerRun, cuts: Sequence[frozenset[str]]) -> bool:
    """Whether a run was made without an error, and has the gradients of the graph."""
    if run.problem is not None or run.error is not None:
        return False
    return compared(map, run, [lambda slot: None] * len(map.graphs), cuts).agrees


def _indices(values: Sequence[tuple[int, Value]], graph: int) -> tuple[int, ...]:
    return tuple(sorted(piece.index for index, value in values if index == graph for piece in value.pieces))


def _without_those_in_eager(findings: Sequence[Finding], values: Sequence[Value]) -> Iterator[Finding]:
    subjects = {Subject(value.kind or "", value.name) for value in values}
    for finding in findings:
        if finding.code not in WITHOUT_GRADIENT or finding.subjects[0] not in subjects:
            yield finding


def _of_each_call(finding: Finding, run: EagerRun) -> Finding:
    """Return a finding about a missing gradient with the reason that another call may have it, if it may."""
    if finding.code not in WITHOUT_GRADIENT or not isinstance(finding.reason, (NeverUsed, NoPath)):
        return finding
    name = finding.subjects[0].name
    seen = any(name in each.names and (each.present or each.again) for each in run.gradients)
    return dataclasses.replace(finding, reason=NotInEachCall(seen)) if seen or run.draws else finding


def _none_in_eager(value: Value, graph: Graph, run: EagerRun, target: Target, why: Why) -> Finding:
    because = _because(value, graph, run, why)
    reason = because if isinstance(because, NotInLoss) else NoneInEager(because)
    place = value.first.definition or Span(target.path, target.line or 1)
    return value.finding(f"{value.kind}-without-gradient", place, reason, tuple(places_of(reason)))


def _because(value: Value, graph: Graph, run: EagerRun, why: Why) -> NoGradient | None:
    """Return why eager gives no gradient, though the graph has one; None if that is not known."""
    if checkpoints := [warning for warning in run.warnings if warning.text.startswith(_REENTRANT)]:
        return ReentrantCheckpoint(
            tuple(Expression(warning.expression or "checkpoint", warning.at) for warning in checkpoints)
        )
    if run.of_loss and (outputs := _outputs_reached(value, graph)):
        return NotInLoss(outputs)
    if value.mutations and all(_is_of_the_new_value(piece, graph) for piece in value.pieces):
        reason = why(value.first)
        spans = dict.fromkeys(span for piece in value.pieces for span in piece.changed_at)
        return reason if isinstance(reason, Cut) else OnlyChanged(tuple(_expression(span) for span in spans))
    return None


def _outputs_reached(value: Value, graph: Graph) -> tuple[OutputName, ...]:
    """Return the outputs whose gradients the gradient of a value is made of; none if a scalar is among them."""
    tangents = {each.node: graph.outputs[each.tangent_of] for each in graph.inputs if each.tangent_of is not None}
    nodes = {node for piece in value.pieces for node in _operands(piece, graph)}
    reached = {output.index: output for node, output in tangents.items() if node in nodes}
    if any(output.shape == () for output in reached.values()):
        return ()
    return tuple(OutputName(reached[index].label, index=index) for index in sorted(reached))


def _expression(span: Span) -> Expression:
    return Expression(source_text(span) or "", span)


def _is_of_the_new_value(slot: Input, graph: Graph) -> bool:
    """Whether a gradient depends on the gradients of new values of changed inputs alone."""
    tangents = {each.node: graph.outputs[each.tangent_of] for each in graph.inputs if each.tangent_of is not None}
    nodes = _operands(slot, graph)
    return bool(nodes) and not any(node in tangents and tangents[node].mutation_of is None for node in nodes)


def _operands(slot: Input, graph: Graph) -> set[str]:
    """Return the nodes that the gradient of an input is computed from, and its own."""
    operands = {operation.name: operation.operands for operation in graph.operations}
    waiting = [node for index in own_gradient(slot, graph) if (node := graph.outputs[index].node) is not None]
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += operands.get(node, ())
    return seen


def _outside(value: Value, map: DescriptorMap) -> Finding:
    """Return the finding about a gradient that does not pass through the graph."""
    code, subject = f"{value.kind}-without-gradient", Subject(value.kind or "", value.name)
    replaced = next((each for each in map.findings if each.code == code and each.subjects[0] == subject), None)
    because: ReturnedItself | ReachesKept | None = None
    if replaced is not None and isinstance(replaced.reason, ReturnedItself):
        because = dataclasses.replace(replaced.reason, elsewhere=None)
    elif replaced is not None and isinstance(replaced.reason, ReachesKept):
        because = replaced.reason
    place = value.first.definition or Span(map.target.path, map.target.line or 1)
    return value.finding("gradient-outside-graph", place, Outside(because), tuple(places_of(because)))


def _of_changes(changes: Sequence[EagerChange], map: DescriptorMap) -> Iterator[Finding]:
    """Yield the findings about changes in the backward pass, and about parameters that get other memory."""
    modules = {module.name: module for module in map.modules}
    definitions = {
        (value.kind, value.name): value.first.definition for graph in map.graphs for value in values_of(graph)
    }
    for change in changes:
        owner = modules.get(change.name.rpartition(".")[0])
        is_torchs = owner is None or owner.class_path is None or is_library(owner.class_path)
        place = change.at or definitions.get((change.kind, change.name)) or Span(map.target.path, map.target.line or 1)
        subjects = (Subject(change.kind, change.name),)
        if change.how == "data":
            yield Finding("data-replaced", place.path, place.line, place.column, subjects)
        elif change.kind != "parameter" and (change.in_forward or not is_torchs):
            code = "input-mutation" if change.kind == "argument" else "buffer-mutation"
            yield Finding(code, place.path, place.line, place.column, subjects, InBackward(change.in_forward))


def _of_error(run: EagerRun, target: Target) -> Iterator[Finding]:
    """Yield the finding about the error that ended the run, if no other finding says what is wrong.

    State that carries a graph into the next call has its own.
    """
    error = run.error
    if error is None or (error.step == 2 and not error.in_turn and any(kept.carries_graph for kept in run.kept)):
        return
    reason = InEager(error.step, error.stage, error.problem, error.in_turn, error.handed_on)
    subjects = (Subject("target", target.qualname),)
    place = Span(error.path or target.path, error.line or target.line or 1, error.column)
    yield Finding("eager-step-failed", place.path, place.line, place.column, subjects, reason)
