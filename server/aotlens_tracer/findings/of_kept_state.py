"""The findings about state that the call keeps: what it means for gradients, for buffers and for the next call."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal

from ..wire.descriptor_map import EagerRun, Finding, Graph, Span, Target
from ..wire.eager_run import KeptState
from ..wire.findings import GraphKept, NewTensor, ReachesKept, ReturnedItself, StateName, Subject, places_of
from ..wire.input_roles import whole_label
from .of_graph import WITHOUT_GRADIENT


def with_kept_state(
    findings: Iterable[Finding], run: EagerRun, target: Target, graphs: Sequence[Graph] = ()
) -> tuple[Finding, ...]:
    """Return the findings of a map, corrected and completed by what an eager run says about kept state."""
    found = [_of_gradient(finding, run) for finding in findings]
    changed = {finding.subjects[0] for finding in found if finding.code == "buffer-mutation"}
    made = {whole_label(slot): slot.definition for graph in graphs for slot in graph.inputs}
    for kept in run.kept:
        place = kept.place or made.get(kept.name) or Span(target.path, target.line or 1)
        subject = Subject("buffer", kept.name)
        is_replaced = kept.kind == "buffer" and kept.change == "new" and kept.name in made
        if is_replaced and subject not in changed:
            found.append(_finding("buffer-mutation", place, subject, NewTensor()))
        effect = _effect(kept, run)
        if effect is not None:
            by: Literal["call", "constructor"] = "constructor" if kept.change == "constructor" else "call"
            state = Subject("state", kept.written)
            found.append(_finding("graph-kept-across-calls", place, state, GraphKept(effect, by)))
    return tuple(found)


def _finding(code: str, place: Span, subject: Subject, reason: NewTensor | GraphKept) -> Finding:
    return Finding(code, place.path, place.line, place.column, (subject,), reason)


def _of_gradient(finding: Finding, run: EagerRun) -> Finding:
    """Return a finding about a missing gradient, with the state that the subject reaches as the reason if it does."""
    if finding.code not in WITHOUT_GRADIENT or isinstance(finding.reason, ReturnedItself):
        return finding
    gradient = next((each for each in run.gradients if finding.subjects[0].name in each.names), None)
    if gradient is None:
        return finding
    by: Literal["call", "constructor"] = "constructor" if gradient.present else "call"
    kept = tuple(
        StateName(kept.written, kept.place)
        for kept in run.kept
        if kept.carries_graph
        and (kept.change == "constructor") == gradient.present
        and not set(gradient.names).isdisjoint(kept.parameters)
    )
    if not kept:
        return finding
    reason = ReachesKept(kept, by, by == "constructor" and gradient.again is True)
    return dataclasses.replace(finding, reason=reason, places=tuple(places_of(reason)))


def _effect(kept: KeptState, run: EagerRun) -> Literal["fails", "goes-back", "grows"] | None:
    """Return what a graph that is kept does to the next call; None if that is usual, or not known."""
    if not kept.carries_graph:
        return None
    if kept.fate == "read":
        fails = run.error is not None and (run.error.step, run.error.stage) == (2, "backward")
        return "fails" if fails else "goes-back"
    return "grows" if kept.fate == "grows" else None
