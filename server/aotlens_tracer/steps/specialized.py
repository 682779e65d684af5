"""Dimensions that may change by the user's will, and that the code makes constants, or takes in fewer sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..examples.dynamic_sizes import MarkOfArgument
from ..graph.compiled_guards import user_place
from ..torch_private import CompiledGraph, JointCapture, Refusal, marks_on, refusals, specialized_sizes, tracked_in
from ..wire.compile_reasons import RestrictedDimension, SpecializedBy, SpecializedDimension
from ..wire.descriptor_map import DescriptorMap
from ..wire.dynamo_expressions import read_expression
from ..wire.findings import Finding, Place, Subject
from ..wire.input_roles import role_of
from ..wire.places import Span
from .build_example import Built
from .capture import Captured
from .context import Context
from .marked_sizes import marks_of_built, place_of

_STATE = ("parameter", "buffer")
_Reason = SpecializedDimension | RestrictedDimension


def specialized(context: Context, built: Built, captured: Captured) -> list[Finding]:
    """Return the marked dimensions that cannot be as they are marked, and under `dynamic` all that become constants.

    A size that nobody marked is no finding: without `dynamic`, every size is a constant of the graph.
    """
    search = _Search(context, built, marks_of_built(built))
    found: dict[object, Finding] = {}
    for finding in search.findings(captured):
        found.setdefault((finding.subjects, finding.reason), finding)
    return list(found.values())


@dataclass(frozen=True)
class _Traced:
    """A graph with symbolic sizes: torch's facts about these, and its tensors by Dynamo's expressions for them."""

    shape_env: Any
    tensors: Mapping[str, torch.Tensor]
    refused: Sequence[Refusal]


class _Search:
    """The search in one call. `marks` are those of its arguments, by argument and dimension."""

    def __init__(self, context: Context, built: Built, marks: Mapping[tuple[str, int], MarkOfArgument]) -> None:
        self._context = context
        self._built = built
        self._marks = marks

    def findings(self, captured: Captured) -> Iterator[Finding]:
        """Yield the findings about a call, for each of its graphs."""
        called = captured.compiled
        if called is not None:
            for graph in called.graphs:
                yield from self._in_graph(_traced_by_compile(graph, called.refusals), called.refused_marks)
        else:
            for each in captured.graphs:
                if each.capture == "direct":
                    yield from self._without_dynamo()
                elif self._marks or each.joint.shape_env is not None:
                    yield from self._in_graph(_traced_by_export(each.joint), {})

    def _in_graph(self, traced: _Traced, refused_marks: Mapping[int, frozenset[int]]) -> Iterator[Finding]:
        refused = {(refusal.base, refusal.dimension) for refusal in traced.refused}
        for base, value in traced.tensors.items():
            refused |= {(base, dimension) for dimension in refused_marks.get(id(value), ())}
        yield from self._constants(traced, refused)
        yield from self._zero_or_one(traced)
        for refusal in traced.refused:
            if refusal.symbol is not None:
                yield self._restricted(traced, refusal)

    def _constants(self, traced: _Traced, refused: set[tuple[str, int]]) -> Iterator[Finding]:
        """Yield the sizes that an expression of the code makes constant."""
        if traced.shape_env is None:
            return
        for item in specialized_sizes(traced.shape_env):
            mark = self._mark(traced, item.base, item.dimension)
            is_refused = (item.base, item.dimension) in refused
            by: SpecializedBy | None = "refused" if is_refused else "marked" if mark is not None else None
            span, by_library = user_place(item.stack, self._context.codebase)
            is_state = _reads_state(self._context.draft.map, span)
            if by is None and (not self._context.params.dynamic or by_library or is_state):
                continue  # nobody marked it, or it is the size of a layer: a constant of the model
            yield self._finding(traced, item.base, item.dimension, SpecializedDimension(item.size, by or "all"), span)

    def _zero_or_one(self, traced: _Traced) -> Iterator[Finding]:
        """Yield the dimensions that are marked, and have a size that is never a symbol."""
        for base, value in traced.tensors.items():
            for dimension, size in enumerate(value.shape):
                if type(size) is int and size in (0, 1) and self._mark(traced, base, dimension) is not None:
                    yield self._finding(traced, base, dimension, SpecializedDimension(size, "zero-or-one"), None)

    def _without_dynamo(self) -> Iterator[Finding]:
        """Yield the marks that have no effect, because AOTAutograd captures the call without Dynamo."""
        for (label, dimension), mark in self._marks.items():
            if mark.size is not None:
                reason = SpecializedDimension(mark.size, "direct")
                yield self._of(f"{label}.size({dimension})", reason, place_of(self._built, mark), mark)

    def _restricted(self, traced: _Traced, refusal: Refusal) -> Finding:
        name = f"{read_expression(refusal.base).name}.size({refusal.dimension})"
        first = next((each for each in refusal.conditions if each.narrows), next(iter(refusal.conditions), None))
        condition = re.sub(rf"\b{refusal.symbol}\b", name, first.text) if first is not None else None
        span = user_place(first.stack, self._context.codebase)[0] if first is not None else None
        reason = RestrictedDimension(*refusal.given, refusal.minimum, refusal.maximum, condition)
        return self._finding(traced, refusal.base, refusal.dimension, reason, span)

    def _mark(self, traced: _Traced, base: str, dimension: int) -> MarkOfArgument | None:
        """Return the mark of a dimension, also of a tensor that is no argument of the call; None if it has none."""
        found = self._marks.get((read_expression(base).name, dimension))
        if found is None and base in traced.tensors:
            mark = marks_on(traced.tensors[base]).get(dimension)
            return MarkOfArgument(mark, None, None) if mark is not None else None
        return found

    def _finding(self, traced: _Traced, base: str, dimension: int, reason: _Reason, span: Span | None) -> Finding:
        """Return a finding about a dimension; one of a piece is about the whole, if that is what the user marked."""
        name, mark = read_expression(base).name, self._mark(traced, base, dimension)
        owner = name
        while (owner := owner.rpartition(".")[0]) and mark is not None:
            if (owner, dimension) in self._marks:
                name, mark = owner, self._marks[(owner, dimension)]
        return self._of(f"{name}.size({dimension})", reason, span, mark)

    def _of(
        self,
        name: str,
        reason: _Reason,
        span: Span | None,
        mark: MarkOfArgument | None,
    ) -> Finding:
        target = self._context.draft.map.target
        at = span or Span(target.path, target.line or 1)
        marked = place_of(self._built, mark) if mark is not None else None
        places = (Place("mark", marked),) if marked is not None and marked != span else ()
        return Finding("dimension-specialized", at.path, at.line, at.column, (Subject("value", name),), reason, places)


def _traced_by_compile(graph: CompiledGraph, refused: Sequence[Refusal]) -> _Traced:
    tensors = {}
    for source, value in zip(graph.sources, graph.runs[0].inputs):
        name = getattr(source, "name", None)
        if isinstance(value, torch.Tensor) and name is not None:
            tensors[str(name() if callable(name) else name)] = value
    return _Traced(graph.shape_env, tensors, refused)


def _traced_by_export(joint: JointCapture) -> _Traced:
    given = joint.given_by_source()
    tensors = {name: value for name, value in given.items() if isinstance(value, torch.Tensor)}
    return _Traced(joint.shape_env, tensors, refusals(joint.shape_env, tracked_in(joint.shape_env)))


def _reads_state(map: DescriptorMap, span: Span | None) -> bool:
    """Whether a line reads a parameter or buffer, whose size a dimension then has."""
    if span is None:
        return True
    inputs = (slot for graph in map.graphs for slot in graph.inputs if role_of(slot) in _STATE)
    return any((read.path, read.line) == (span.path, span.line) for slot in inputs for read in slot.reads)
