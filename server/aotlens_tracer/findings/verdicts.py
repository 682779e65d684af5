"""Findings: what a captured graph says that its user should know."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..failures import is_library
from ..wire.descriptor_map import Finding, Graph, GraphBreak, Input, ModuleInstance, Output, Related, Span, Target
from .gradient_paths import NEVER_USED, UNKNOWN, Reason
from .reach import outputs_reached

Why = Callable[[Input, Span], Reason | None]
"""Why an input gets no gradient, told at a place; None where nobody knows."""


_WITHOUT = {
    "ParamAOTInput": ("parameter-without-gradient", "warning"),
    "PlainAOTInput": ("argument-without-gradient", "information"),
}
_MOST = 3
"""How many outputs a reason names."""


def findings_of(
    target: Target,
    graphs: Sequence[Graph],
    breaks: Sequence[GraphBreak],
    modules: Sequence[ModuleInstance] = (),
    why: Why = lambda slot, place: None,
) -> list[Finding]:
    """The findings of a traced target, in the order of the graph."""
    findings = [
        Finding(
            "graph-break",
            "warning",
            f"Dynamo cannot take the whole of {target.qualname}: {item.reason}",
            item.path or target.path,
            item.line or target.line,
        )
        for item in breaks
    ]
    by_name = {module.name: module for module in modules}
    for graph in graphs:
        reached = outputs_reached(graph)
        for slot in graph.inputs:
            if slot.kind in _WITHOUT and slot.requires_grad and not _has_gradient(slot, graph):
                findings.append(_without_gradient(slot, graph, reached(slot.node), target, why))
            findings += _of_mutation(slot, graph, target, by_name)
        findings += _of_bases(graph)
    return findings


def _of_mutation(slot: Input, graph: Graph, target: Target, modules: Mapping[str, ModuleInstance]) -> Iterator[Finding]:
    """Of an input that is changed in place: at the first place that does so, with the others."""
    if slot.mutation is None:
        return
    first, *others = slot.changed_at or (graph.outputs[slot.mutation].source,)
    place = first or slot.definition or Span(target.path, target.line or 1)
    result = f"its new value is output {slot.mutation} of the graph"
    if slot.kind == "BufferAOTInput":
        owner = modules.get(slot.label.rpartition(".")[0])
        # That a batch norm of torch's counts is what it is for.
        if owner is not None and owner.class_path is not None and is_library(owner.class_path):
            return
        code, severity, message = "buffer-mutation", "hint", f"the buffer {slot.label} is changed in place: {result}"
    elif slot.kind == "PlainAOTInput":
        code, severity = "input-mutation", "information"
        message = f"the argument {slot.label} is changed in place: {result}"
    elif "base_of" in slot.fields and slot.stands_for:
        code, severity = "aliased-inputs", "information"
        names = _listed(slot.stands_for)
        message = f"{names} share memory that is changed in place: the graph takes {slot.label} in place of them"
    else:
        return
    finding = _finding(code, severity, message, place, slot, slot.mutation)
    related = tuple(Related("it is changed here too", span.path, span.line, span.column) for span in others if span)
    yield dataclasses.replace(finding, related=related)


def _of_bases(graph: Graph) -> Iterator[Finding]:
    """Of outputs that are views of one tensor, which the graph therefore returns too."""
    for out in graph.outputs:
        views = [graph.outputs[index] for index in out.base_of]
        place = next((view.source for view in views if view.source is not None), None)
        if place is not None:
            message = (
                f"{_listed(view.label for view in views)} are views of one tensor: the graph returns that too, as "
            )
            message += f"output {out.index}"
            yield Finding(
                "aliased-outputs", "hint", message, place.path, place.line, place.column, views[0].label, out.index
            )


def _finding(code: str, severity: str, message: str, place: Span, slot: Input, output: int | None = None) -> Finding:
    return Finding(code, severity, message, place.path, place.line, place.column, slot.label, output)


def _has_gradient(slot: Input, graph: Graph) -> bool:
    if slot.gradient is not None and graph.outputs[slot.gradient].node is not None:
        return True
    # A tied parameter's gradient is summed in the slot of one of its names.
    return any(other.label in slot.tied_to and _own_gradient(other, graph) for other in graph.inputs)


def _own_gradient(slot: Input, graph: Graph) -> bool:
    return slot.gradient is not None and graph.outputs[slot.gradient].node is not None


def _without_gradient(slot: Input, graph: Graph, reached: Sequence[Output], target: Target, why: Why) -> Finding:
    place = slot.definition or Span(target.path, target.line or 1)
    code, severity = _WITHOUT[slot.kind or ""]
    reason = why(slot, place) or (UNKNOWN if slot.used else NEVER_USED)
    returned = [out for out in reached if out.alias_of == slot.index and out.requires_grad]
    if returned:
        severity, reason = "information", _returned(returned, reason)
    elif not graph.joint:
        # Nothing is trained here, so nothing is amiss.
        severity, reason = "hint", _for_nothing("nothing that is returned needs a gradient", reason)
    elif reached and all(out.tangent is None for out in reached):
        which = _listed(_in_words(out, graph) for out in reached)
        need = "needs" if len(reached) == 1 else "need"
        reason = _for_nothing(f"reaches only {which}, which {need} no gradient", reason)
    related = tuple(Related(reason.here, span.path, span.line, span.column) for span in reason.places)
    finding = _finding(code, severity, f"{slot.label} gets no gradient: {reason.text}", place, slot)
    return dataclasses.replace(finding, related=related)


def _returned(outputs: Sequence[Output], reason: Reason) -> Reason:
    """Of an input that is returned, or a view of it: autograd's history of such an output is none of the graph's."""
    which, several = _listed(out.label for out in outputs), len(outputs) > 1
    text = f"{which} {'are' if several else 'is'} the same tensor or {'views' if several else 'a view'} of it, whose "
    text += f"{'gradients do' if several else 'gradient does'} not pass through the graph"
    if reason in (UNKNOWN, NEVER_USED):
        return Reason(text, tuple(out.source for out in outputs if out.source is not None), "it is returned here")
    return Reason(f"{text}; elsewhere {reason.text}", reason.places, reason.here)


def _for_nothing(lead: str, reason: Reason) -> Reason:
    """A reason with the outputs that it comes down to."""
    if reason is NEVER_USED:
        return reason
    return dataclasses.replace(reason, text=lead if reason is UNKNOWN else f"{lead}: {reason.text}")


def _in_words(out: Output, graph: Graph) -> str:
    """What an output is called where it is one among others."""
    return out.label if out.mutation_of is None else f"the new value of {graph.inputs[out.mutation_of].label}"


def _listed(labels: Iterable[str]) -> str:
    found = list(labels)
    shown = found if len(found) <= _MOST else [*found[:_MOST], f"{len(found) - _MOST} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
