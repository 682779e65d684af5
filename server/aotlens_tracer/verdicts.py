"""Findings: what a captured graph says that its user should know."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from .descriptor_map import Finding, Graph, GraphBreak, Input, Output, Related, Span, Target
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
    target: Target, graphs: Sequence[Graph], breaks: Sequence[GraphBreak], why: Why = lambda slot, place: None
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
    for graph in graphs:
        reached = outputs_reached(graph)
        for slot in graph.inputs:
            if slot.kind in _WITHOUT and slot.requires_grad and not _has_gradient(slot, graph):
                findings.append(_without_gradient(slot, graph, reached(slot.node), target, why))
            findings += _of_mutation(slot, graph, target)
    return findings


def _of_mutation(slot: Input, graph: Graph, target: Target) -> list[Finding]:
    findings = []
    if slot.mutation is not None and slot.kind in ("BufferAOTInput", "PlainAOTInput"):
        is_buffer = slot.kind == "BufferAOTInput"
        place = graph.outputs[slot.mutation].source or slot.definition or Span(target.path, target.line or 1)
        noun = "buffer" if is_buffer else "argument"
        message = f"the {noun} {slot.label} is changed in place: its new value is output {slot.mutation} of the graph"
        code, severity = ("buffer-mutation", "hint") if is_buffer else ("input-mutation", "information")
        findings.append(_finding(code, severity, message, place, slot, slot.mutation))
    return findings


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
