"""Findings: what a captured graph says that its user should know."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from .descriptor_map import Finding, Graph, GraphBreak, Input, Related, Span, Target
from .gradient_paths import NEVER_USED, UNKNOWN, Reason

Why = Callable[[Input, Span], Reason | None]
"""Why an input gets no gradient, told at a place; None where nobody knows."""


_WITHOUT = {
    "ParamAOTInput": ("parameter-without-gradient", "warning"),
    "PlainAOTInput": ("argument-without-gradient", "information"),
}
_HERE = "the way of the gradient ends here"


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
        for slot in graph.inputs:
            findings += _of_input(slot, graph, target, why)
    return findings


def _of_input(slot: Input, graph: Graph, target: Target, why: Why) -> list[Finding]:
    findings = []
    if slot.kind in _WITHOUT and graph.joint and slot.requires_grad and not _has_gradient(slot, graph):
        place = slot.definition or Span(target.path, target.line or 1)
        code, severity = _WITHOUT[slot.kind]
        findings.append(_without_gradient(code, severity, slot, place, why))
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


def _without_gradient(code: str, severity: str, slot: Input, place: Span, why: Why) -> Finding:
    reason = why(slot, place) or (UNKNOWN if slot.used else NEVER_USED)
    related = tuple(Related(_HERE, span.path, span.line, span.column) for span in reason.places)
    finding = _finding(code, severity, f"{slot.label} gets no gradient: {reason.text}", place, slot)
    return dataclasses.replace(finding, related=related)
