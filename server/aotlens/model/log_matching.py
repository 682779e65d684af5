"""Which graph of a descriptor map a graph in a log is, and so which slot each of its inputs and outputs is.

A log shows what ran somewhere; a map is what was traced here. They are the same graph if inputs, types and operations
agree. Sizes may differ (another batch), and then the match says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from aotlens.logs.dynamo_names import dynamo_index, mangled
from aotlens.logs.graphs import LoggedGraph, LoggedValue
from aotlens_tracer.wire.graphs import Graph, Input, Output, Slot

from .dtypes import dtype_in_brief

Reason = Literal["no graph", "convention", "inputs", "types", "code"]

_TYPE = re.compile(r"(?P<dtype>\w+)\[(?P<sizes>[^\]]*)\]")
_SUFFIX = re.compile(r"_\d+$")
_LEAST_IN_COMMON = 0.6
"""The share of a logged graph's operations that a map's graph must have too, by name."""


@dataclass(frozen=True)
class GraphMatch:
    """A graph of a log, and the graph of a map that it is.

    `inputs` and `outputs` are the slots of the logged inputs and outputs, in their order; None for one that the map
    lacks: a value saved between forward and backward, an input that AOTAutograd replaced. `same_sizes` is False if
    types agree and some size does not. `others` are graphs that fit as well: they differ in what the log does not show.
    """

    logged: LoggedGraph
    graph: Graph
    inputs: tuple[Input | None, ...]
    outputs: tuple[Output | None, ...]
    same_sizes: bool
    others: tuple[Graph, ...] = ()


@dataclass(frozen=True)
class NoMatch:
    """A graph of a log that no graph of the maps is, and why.

    * no graph: there are no graphs to compare with.
    * convention: the log's graph has torch.compile's convention and all graphs have export's, or the other way round.
    * inputs: another number of inputs, or inputs from other places.
    * types: an input has another element type or rank.
    * code: the inputs agree, and the operations do not.

    `nearest` is the graph that fits best, None if there is none. `value` and `slot` are the first input that differs;
    both None if not one of them does.
    """

    logged: LoggedGraph
    reason: Reason
    nearest: Graph | None = None
    value: LoggedValue | None = None
    slot: Input | None = None


def match(logged: LoggedGraph, graphs: Sequence[Graph]) -> GraphMatch | NoMatch:
    """The one of some maps' graphs that a graph of a log is.

    Where several fit, the compile id of the log decides, then the operations and lines that both have.
    """
    if not graphs:
        return NoMatch(logged, "no graph")
    fitting = [graph for graph in graphs if logged.convention in (None, _convention(graph))]
    if not fitting:
        return NoMatch(logged, "convention")
    compared = [_compared(logged, graph) for graph in fitting]
    found = [candidate for candidate in compared if isinstance(candidate, _Fit)]
    if not found:
        order: list[Reason] = ["inputs", "types", "code"]
        misses = [candidate for candidate in compared if isinstance(candidate, NoMatch)]
        return max(misses, key=lambda miss: order.index(miss.reason))
    best = max(fit.rank for fit in found)
    first, *rest = (fit for fit in found if fit.rank == best)
    return GraphMatch(
        logged,
        first.graph,
        first.inputs,
        tuple(_output(logged, value, index, first.graph) for index, value in enumerate(logged.outputs)),
        first.same_sizes,
        tuple(fit.graph for fit in rest),
    )


@dataclass(frozen=True)
class _Fit:
    """A graph whose inputs and operations agree with a logged one; the greater `rank`, the better."""

    graph: Graph
    inputs: tuple[Input | None, ...]
    same_sizes: bool
    rank: tuple[bool, bool, float, float]


def _convention(graph: Graph) -> str:
    return "export" if graph.compiled is None else "compile"


def _compared(logged: LoggedGraph, graph: Graph) -> _Fit | NoMatch:
    """Compare the inputs of a logged graph with those of a map's graph, then the operations."""
    slots = [_input(value, index, logged, graph) for index, value in enumerate(logged.inputs)]
    if not _is_complete(logged, graph, slots):
        return NoMatch(logged, "inputs", graph)
    same_sizes = True
    for value, slot in zip(logged.inputs, slots, strict=True):
        if slot is None:
            continue
        if not _is_same_place(value, slot):
            return NoMatch(logged, "inputs", graph, value, slot)
        equal = _same_type(value, slot)
        if equal is None:
            return NoMatch(logged, "types", graph, value, slot)
        same_sizes = same_sizes and equal
    names, lines = _in_common(logged, graph)
    if logged.kind != "dynamo" and names is not None and names < _LEAST_IN_COMMON and not lines:
        return NoMatch(logged, "code", graph)
    same_compile = graph.compiled is not None and graph.compiled.compile_id == logged.compile.frame
    return _Fit(graph, tuple(slots), same_sizes, (same_sizes, same_compile, lines or 0.0, names or 0.0))


def _input(value: LoggedValue, index: int, logged: LoggedGraph, graph: Graph) -> Input | None:
    """The input of a map's graph that has the place of a logged input."""
    if logged.kind == "dynamo":
        # AOTAutograd counts the inputs of Dynamo's graph.
        return next((slot for slot in graph.inputs if dynamo_index(slot.descriptor) == index), None)
    return next((slot for slot in graph.inputs if slot.node == value.node), None)


def _is_complete(logged: LoggedGraph, graph: Graph, slots: Sequence[Input | None]) -> bool:
    """Whether a graph has the inputs of a logged graph, no more and no fewer, as far as its kind tells."""
    known = {slot.index for slot in slots if slot is not None}
    arguments = {slot.index for slot in graph.inputs if slot.tangent_of is None}
    tangents = {slot.index for slot in graph.inputs if slot.tangent_of is not None}
    if logged.kind == "dynamo":
        # A synthetic base replaces several inputs of Dynamo's graph, so that not all need have a slot of their own.
        highest = max(
            (number for slot in graph.inputs if (number := dynamo_index(slot.descriptor)) is not None), default=-1
        )
        return graph.compiled is not None and highest < len(logged.inputs) and bool(known or not arguments)
    if logged.kind == "backward":
        # It takes the tangents, and what the forward graph saved, which need not be inputs.
        named = {value.node for value in logged.inputs}
        return all(graph.inputs[index].node in named for index in tangents) and bool(tangents)
    if logged.kind == "forward":
        return known == arguments and None not in slots
    if not logged.is_whole:
        return None not in slots
    return known == arguments | tangents and None not in slots


def _is_same_place(value: LoggedValue, slot: Input) -> bool:
    """Whether descriptor and source do not contradict each other, where the log has them."""
    if value.descriptor is not None and slot.descriptor is not None and value.descriptor != slot.descriptor:
        return False
    if slot.dynamo is None:
        return True
    if value.source is not None:
        return value.source == slot.dynamo.expression
    if value.node is None or not value.node.startswith(("L_", "G_")):
        return True
    name = mangled(slot.dynamo.expression)
    return value.node == name or _SUFFIX.sub("", value.node) == name


def _same_type(value: LoggedValue, slot: Slot) -> bool | None:
    """True for equal types and sizes, False if only sizes differ, None for another element type or rank."""
    if value.type is None or slot.dtype is None or slot.shape is None:
        return True
    found = _TYPE.match(value.type)
    if found is None:
        return True
    sizes = [size.strip() for size in found["sizes"].split(",") if size.strip()]
    if found["dtype"] != dtype_in_brief(slot.dtype) or len(sizes) != len(slot.shape):
        return None
    return all(_same_size(size, own) for size, own in zip(sizes, slot.shape, strict=True))


def _same_size(size: str, own: int | str) -> bool:
    """Whether two sizes agree; symbols have other names in each run."""
    if size.isdecimal() or isinstance(own, int):
        return size == str(own)
    return True


def _in_common(logged: LoggedGraph, graph: Graph) -> tuple[float | None, float | None]:
    """The shares of a logged graph's operations, and of its lines, that a graph has too; None if the log has none."""
    own = {operation.name for operation in graph.operations}
    names = [operation.node for operation in logged.operations]
    lines = {(PurePath(o.file).name, o.line) for o in logged.operations if o.file is not None}
    places = {(PurePath(frame.span.path).name, frame.span.line) for frame in graph.frames}
    return _share(names, own), _share(lines, places)


def _share(items: Iterable[object], known: set[str] | set[tuple[str, int]]) -> float | None:
    some = list(items)
    return sum(item in known for item in some) / len(some) if some else None


def _output(logged: LoggedGraph, value: LoggedValue, index: int, graph: Graph) -> Output | None:
    """The output of a map's graph that a logged output is; None for a value that is saved for backward."""
    if value.descriptor is not None and value.descriptor != "None":
        return next((slot for slot in graph.outputs if slot.descriptor == value.descriptor), None)
    if logged.kind in ("joint", "inference", "unknown") and len(logged.outputs) == len(graph.outputs):
        return graph.outputs[index]
    if logged.kind == "backward" and len(logged.outputs) <= len(graph.outputs):
        # The joint graph returns the results of the backward graph last.
        return graph.outputs[len(graph.outputs) - len(logged.outputs) + index]
    if logged.kind in ("forward", "dynamo") and value.node is not None:
        return next((slot for slot in graph.outputs if slot.node == value.node), None)
    return None
