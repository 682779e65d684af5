"""The findings of a captured graph: gradients that are missing, changes in place, aliases and graph breaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..failures import is_library
from ..wire.descriptor_map import Graph, GraphBreak, Input, ModuleInstance, Output, Span, Target
from ..wire.findings import (
    Cut,
    Finding,
    NeverUsed,
    NoGradient,
    NoPath,
    NothingTrained,
    OutputName,
    Place,
    ReachesOnly,
    ReplacedBy,
    ReturnedItself,
    Subject,
    places_of,
)
from ..wire.gradients import own_gradient
from ..wire.input_roles import whole_label
from ..wire.zero_gradients import AlwaysZero
from .of_breaks import break_findings
from .of_call import lost_in, with_gradient
from .of_collectives import redistributions
from .placements import placement_findings, tangent_findings
from .reach import outputs_reached
from .values import Value, has_gradient, values_of

WITHOUT_GRADIENT = ("parameter-without-gradient", "argument-without-gradient")
"""The codes of findings about missing gradients."""
Why = Callable[[Input], NoGradient | None]
"""Why an input gets no gradient; None if that is unknown."""


@dataclasses.dataclass(frozen=True)
class Explained:
    """A graph of the map, and what is known of it beyond that.

    `called` is the name of the traced function, and `zeros` are the nodes of gradients that are always zero. `cut` are
    the names of inputs that get no gradient in the call as a whole, whatever the graph computes.
    """

    graph: Graph
    why: Why = lambda slot: None
    called: str = "forward"
    zeros: Mapping[str, AlwaysZero] = dataclasses.field(default_factory=dict)
    cut: frozenset[str] = frozenset()


def findings_of(
    target: Target, graphs: Sequence[Explained], breaks: Sequence[GraphBreak], modules: Sequence[ModuleInstance] = ()
) -> list[Finding]:
    """Return the findings of a traced target, in the order of its graphs."""
    findings = break_findings(target, breaks)
    by_name = {module.name: module for module in modules}
    given = with_gradient([(explained.graph, explained.cut) for explained in graphs])
    for number, explained in enumerate(graphs):
        graph = explained.graph
        reached = outputs_reached(graph)
        for value in values_of(graph):
            missing = [(value.kind, name) for name in value.names if (value.kind, name) not in given]
            if value.kind in ("parameter", "argument") and value.requires_grad and missing:
                given.update(missing)  # one finding, whatever the number of graphs
                if has_gradient(value, graph):
                    found = _lost(value, number, graphs, target)
                else:
                    outputs = {out.index: out for piece in value.pieces for out in reached(piece.node)}
                    found = _without_gradient(value, graph, list(outputs.values()), target, explained)
                subjects = [Subject(value.kind, name) for _, name in missing]
                findings += [dataclasses.replace(found, subjects=(subject,)) for subject in subjects]
            findings += _of_zero_gradient(value, graph, target, explained.zeros)
            findings += _of_mutation(value, graph, target, by_name)
            findings += placement_findings(value, graph, target)
        findings += _of_bases(graph)
        findings += tangent_findings(graph, target)
    findings += redistributions(target, [explained.graph for explained in graphs])
    return findings


def _of_mutation(
    value: Value, graph: Graph, target: Target, modules: Mapping[str, ModuleInstance]
) -> Iterator[Finding]:
    """Yield the finding about an input that is changed in place: at the first place that does so, with the others."""
    if not value.is_changed:
        return
    spans = tuple(dict.fromkeys(span for piece in value.pieces for span in piece.changed_at))
    first, *others = spans or [graph.outputs[index].source for index in value.mutations[:1]] or [None]
    place = first or value.first.definition or Span(target.path, target.line or 1)
    places = [Place("change", span) for span in others if span is not None]
    if value.kind == "buffer":
        owner = modules.get(value.name.rpartition(".")[0])
        # torch's own batch norm updates its statistics by design: no finding.
        if owner is None or owner.class_path is None or not is_library(owner.class_path):
            yield value.finding("buffer-mutation", place, places=places)
    elif value.kind == "argument":
        yield value.finding("input-mutation", place, places=places)
    elif value.kind is None and "base_of" in value.first.fields and value.first.stands_for:
        found = value.finding("aliased-inputs", place, ReplacedBy(value.name), places)
        replaced = tuple(Subject("argument", name) for name in value.first.stands_for)
        yield dataclasses.replace(found, subjects=(*found.subjects, *replaced))


def _of_bases(graph: Graph) -> Iterator[Finding]:
    """Yield the findings about outputs that are views of one tensor, which the graph therefore returns too."""
    for out in graph.outputs:
        views = [graph.outputs[index] for index in out.base_of]
        place = next((view.source for view in views if view.source is not None), None)
        if place is not None:
            subjects = tuple(Subject("output", view.label) for view in views)
            yield Finding("aliased-outputs", place.path, place.line, place.column, subjects, outputs=(out.index,))


def _without_gradient(
    value: Value, graph: Graph, reached: Sequence[Output], target: Target, explained: Explained
) -> Finding:
    is_used = any(piece.used for piece in value.pieces)
    reason = explained.why(value.first) or (NoPath() if is_used else NeverUsed(explained.called))
    if isinstance(reason, Cut) and reason.how == "derivative" and not reached:
        reason = dataclasses.replace(reason, how="constant-of-derivative")
    indices = {piece.index for piece in value.pieces}
    returned = [out for out in reached if out.alias_of in indices and out.requires_grad]
    if returned:
        elsewhere = None if isinstance(reason, (NoPath, NeverUsed)) else reason
        reason = ReturnedItself(_names(returned, graph), elsewhere)
    elif not graph.joint:
        reason = NothingTrained(_because(reason))
    elif not isinstance(reason, NeverUsed) and reached and all(out.tangent is None for out in reached):
        reason = ReachesOnly(_names(reached, graph), _because(reason))
    place = value.first.definition or Span(target.path, target.line or 1)
    return value.finding(f"{value.kind}-without-gradient", place, reason, tuple(places_of(reason)))


def _lost(value: Value, number: int, graphs: Sequence[Explained], target: Target) -> Finding:
    """Return the finding about an input whose gradient the graph computes, of values that get none themselves."""
    lost = lost_in(value, number, [explained.graph for explained in graphs])
    reason = (graphs[lost[0]].why(lost[1]) if lost is not None else None) or NoPath()
    place = value.first.definition or Span(target.path, target.line or 1)
    return value.finding(f"{value.kind}-without-gradient", place, reason, tuple(places_of(reason)))


def _of_zero_gradient(value: Value, graph: Graph, target: Target, zeros: Mapping[str, AlwaysZero]) -> Iterator[Finding]:
    """Yield the finding about an input whose gradient is always zero; if it comes in pieces, all of them are."""
    outputs = [graph.outputs[index] for piece in value.pieces for index in own_gradient(piece, graph)]
    reasons = [zeros.get(out.node or "") for out in outputs]
    if value.kind in ("parameter", "argument") and reasons and None not in reasons:
        place = value.first.definition or Span(target.path, target.line or 1)
        yield value.finding("gradient-always-zero", place, reasons[0], tuple(places_of(reasons[0])))


def _because(reason: NoGradient) -> NoGradient | None:
    return None if isinstance(reason, NoPath) else reason


def _names(outputs: Sequence[Output], graph: Graph) -> tuple[OutputName, ...]:
    """Return the outputs by name, each tensor subclass once."""
    found: dict[tuple[str, bool], OutputName] = {}
    for out in outputs:
        changed = graph.inputs[out.mutation_of] if out.mutation_of is not None else None
        label = whole_label(changed or out)
        name = OutputName(label, changed is not None, out.source, out.index)
        found.setdefault((name.label, name.is_new_value), name)
    return tuple(found.values())
