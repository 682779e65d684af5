"""The compilations in one file of traces, put together from its records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .break_text import break_of
from .dynamo_names import dynamo_index, sources_by_name
from .graphs import CompileId, GraphKind, LoggedBreak, LoggedCompile, LoggedGraph, LoggedGuard, LoggedValue
from .guard_tree import guards_of
from .trace_graphs import graphs_of
from .trace_records import TraceRecord

_TYPE = re.compile(r"\w+\[[^\]]*\]")

_GRAPHS: Mapping[str, GraphKind] = {
    "dynamo_output_graph": "dynamo",
    "optimize_ddp_split_child": "dynamo",
    "aot_joint_graph": "joint",
    "aot_forward_graph": "forward",
    "aot_backward_graph": "backward",
    "aot_inference_graph": "inference",
    "inductor_post_grad_graph": "after-grad",
}
"""The records that hold a graph."""

WANTED = frozenset(
    (
        *_GRAPHS,
        "str",
        "dynamo_start",
        "describe_source",
        "create_symbol",
        "dynamo_graph_break_reason",
        "dynamo_cpp_guards_str",
        "recompile_reasons",
        "compilation_metrics",
    )
)
"""The names of the records that are read. A trace has many more."""


class Compiles:
    """The compilations of one process, filled record by record. `process` is the name of its file."""

    def __init__(self, process: str) -> None:
        self.rank: int | None = None
        self._process = process
        self._strings: dict[int, str] = {}
        self._all: list[_Compile] = []
        self._latest: dict[str | None, _Compile] = {}

    def add(self, record: TraceRecord) -> None:
        """Take one record; the records of a file come in its order."""
        if record.name == "str":
            self._intern(record.data)
            return
        if record.rank is not None:
            self.rank = record.rank
        compile = self._latest.get(record.compilation)
        if compile is None or compile.is_over(record):
            compile = _Compile(CompileId(record.compilation, record.rank, self._process))
            self._all.append(compile)
            self._latest[record.compilation] = compile
        compile.add(record, self._strings)

    def graphs(self) -> Iterator[LoggedGraph]:
        """The graphs of all attempts that were not abandoned, in the order of their compilations."""
        for compile in self._all:
            yield from compile.graphs

    def compiles(self) -> Iterator[LoggedCompile]:
        """The compilations, in the order in which they began."""
        for compile in self._all:
            if compile.has_begun or compile.graphs:
                yield compile.result()

    def _intern(self, data: Any) -> None:
        """Remember a text that later records name by its number."""
        if isinstance(data, list) and len(data) == 2 and isinstance(data[1], int):
            self._strings[data[1]] = str(data[0])


@dataclass
class _Attempt:
    """One attempt of Dynamo to trace a frame: what it looked at, and the graphs that it made.

    `children` are the pieces into which DDP splits Dynamo's graph; AOTAutograd gets one after the other, and `calls`
    counts them.
    """

    described: list[str] = field(default_factory=list)
    symbols: dict[str, str] = field(default_factory=dict)
    graphs: list[LoggedGraph] = field(default_factory=list)
    guards: list[LoggedGuard] = field(default_factory=list)
    dynamo: LoggedGraph | None = None
    children: list[LoggedGraph] = field(default_factory=list)
    calls: int = 0


class _Compile:
    """One compilation of a frame."""

    def __init__(self, compile: CompileId) -> None:
        self.has_begun = False
        self._id = compile
        self._number = 0
        self._attempt = _Attempt()
        self._is_finished = False
        self._function: str | None = None
        self._file: str | None = None
        self._line: int | None = None
        self._breaks: list[LoggedBreak] = []
        self._reasons: list[str] = []
        self._failed: str | None = None

    @property
    def graphs(self) -> Sequence[LoggedGraph]:
        """The graphs of the last attempt."""
        return self._attempt.graphs

    def is_over(self, record: TraceRecord) -> bool:
        """Whether a record with the same id is of a later compilation: `torch._dynamo.reset` counts anew."""
        if record.name in ("dynamo_start", "recompile_reasons"):
            return self.has_begun
        return record.attempt < self._number

    def add(self, record: TraceRecord, strings: Mapping[int, str]) -> None:
        """Take a record of this compilation."""
        if record.attempt > self._number:
            # Dynamo begins the frame anew, and throws away what it has.
            self._number, self._attempt = record.attempt, _Attempt()
        data = record.data if isinstance(record.data, dict) else {}
        match record.name:
            case "dynamo_start":
                self._begin(data, strings)
            case "describe_source":
                self._describe(data.get("source"))
            case "create_symbol":
                self._describe(data.get("source"))
                if isinstance(data.get("symbol"), str) and isinstance(data.get("source"), str):
                    self._attempt.symbols[data["symbol"]] = data["source"]
            case "dynamo_graph_break_reason":
                found = break_of(record.payload)
                if found not in self._breaks:
                    self._breaks.append(found)
            case "dynamo_cpp_guards_str":
                self._attempt.guards = guards_of(record.payload)
            case "recompile_reasons":
                self._reasons += _texts("\n".join(record.payload))
            case "compilation_metrics":
                self._measure(data)
            case name:
                self._add_graph(record, _GRAPHS[name])

    def result(self) -> LoggedCompile:
        """The compilation as far as it is known."""
        return LoggedCompile(
            replace(self._id, frame=_with_attempt(self._id.frame, self._number)),
            self._function,
            self._file,
            self._line,
            self._breaks,
            self._attempt.guards,
            self._reasons,
            self._failed,
        )

    def _begin(self, data: Mapping[str, Any], strings: Mapping[int, str]) -> None:
        self.has_begun = True
        stack = data.get("stack")
        frame = stack[-1] if isinstance(stack, list) and stack and isinstance(stack[-1], dict) else {}
        file = frame.get("filename")
        self._place(frame.get("name"), strings.get(file) if isinstance(file, int) else None, frame.get("line"))

    def _measure(self, data: Mapping[str, Any]) -> None:
        self._place(data.get("co_name"), data.get("co_filename"), data.get("co_firstlineno"))
        if data.get("fail_type") is not None:
            self._failed = str(data.get("fail_reason") or data["fail_type"])

    def _place(self, function: Any, file: Any, line: Any) -> None:
        """Remember the code that is compiled, unless a record says less than an earlier one."""
        if isinstance(function, str) and isinstance(file, str) and isinstance(line, int):
            self._function, self._file, self._line = function, file, line

    def _describe(self, source: Any) -> None:
        if isinstance(source, str):
            self._attempt.described.append(source)

    def _add_graph(self, record: TraceRecord, kind: GraphKind) -> None:
        """Read a graph, and say where its inputs come from."""
        compile = replace(self._id, frame=_with_attempt(self._id.frame, record.attempt))
        found = graphs_of(record, kind, compile)
        if not found:
            return
        graph, attempt = found[0], self._attempt
        if record.name == "optimize_ddp_split_child":
            name = record.data.get("name") if isinstance(record.data, dict) else None
            graph = replace(_as_child(graph, attempt.dynamo), title=name if isinstance(name, str) else None)
            attempt.children.append(graph)
        elif kind == "dynamo":
            sources = sources_by_name(attempt.described, attempt.symbols)
            graph = replace(graph, inputs=[replace(v, source=sources.get(v.node or "")) for v in graph.inputs])
            attempt.dynamo = graph
        else:
            attempt.calls += kind in ("joint", "inference")
            graph = _with_sources(graph, self._made_from())
        attempt.graphs += [graph, *found[1:]]

    def _made_from(self) -> LoggedGraph | None:
        """The graph of Dynamo, or the piece of it, that AOTAutograd has just got; None if the trace lacks it."""
        attempt = self._attempt
        if not attempt.children:
            return attempt.dynamo
        number = max(attempt.calls, 1) - 1
        return attempt.children[number] if number < len(attempt.children) else None


def _with_attempt(frame: str | None, attempt: int) -> str | None:
    """The compile id with the attempt, as torch writes it: `0/1_2`, and `0/1` for the first attempt."""
    return frame if frame is None or not attempt else f"{frame}_{attempt}"


def _as_child(child: LoggedGraph, whole: LoggedGraph | None) -> LoggedGraph:
    """A piece of Dynamo's graph with the sources of the whole: its inputs are called as the nodes there."""
    if whole is None:
        return child
    sources: dict[str, str | None] = {}
    for value in whole.inputs:
        name = (value.node or "").lower()
        # Two inputs that differ in capitals alone have other nodes; none of them is guessed.
        sources[name] = None if name in sources else value.source
    inputs = [replace(value, source=sources.get(value.node or "")) for value in child.inputs]
    return replace(child, inputs=inputs, made_from=whole)


def _with_sources(graph: LoggedGraph, dynamo: LoggedGraph | None) -> LoggedGraph:
    """A graph of AOTAutograd with the sources of the inputs that its descriptors count.

    None are given if the counted inputs do not have the same types in both graphs.
    """
    if dynamo is None:
        return graph
    graph = replace(graph, made_from=dynamo)
    inputs: list[LoggedValue] = []
    for value in graph.inputs:
        index = dynamo_index(value.descriptor)
        if index is None:
            inputs.append(value)
            continue
        if index >= len(dynamo.inputs) or not _may_be_equal(value.type, dynamo.inputs[index].type):
            return replace(graph, made_from=None)
        inputs.append(replace(value, source=dynamo.inputs[index].source))
    return replace(graph, inputs=inputs)


def _may_be_equal(one: str | None, other: str | None) -> bool:
    """Whether two types have the same element type and sizes. DDP's pieces are printed without strides and devices."""
    found, wanted = (None if text is None else _TYPE.match(text) for text in (one, other))
    return found is None or wanted is None or found[0] == wanted[0]


def _texts(payload: str) -> list[str]:
    """The texts of a record that holds one text or a list of them, as JSON."""
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError):
        return [payload] if payload else []
    return [str(item) for item in data] if isinstance(data, list) else [str(data)]
