"""The graphs of a log by the code that torch ran: one call of AOTAutograd, with all graphs that it made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from .graphs import CompileId, GraphKind, SourceLine
from .named import GraphNames, LogNames

_RESUMED = re.compile(r"torch_dynamo_resume_in_(\w+)_at_(\d{1,9})")
_NOT_OF_USER = "set_node_origin"
"""Compiled autograd writes its own code above an operation, not the user's."""
_MOST_TELLING: Mapping[GraphKind, int] = MappingProxyType(
    {
        "joint": 0,
        "forward": 1,
        "inference": 2,
        "exported": 3,
        "backward": 4,
        "after-grad": 5,
        "unknown": 6,
        "dynamo": 7,
        "before-grad": 8,
        "body": 9,
    }
)
_APART: Mapping[GraphKind, tuple[GraphKind, ...]] = MappingProxyType(
    {
        "joint": ("forward", "backward", "inference", "after-grad"),
        "forward": ("inference",),
        "backward": ("inference",),
        "inference": ("joint", "forward", "backward"),
    }
)
"""The kinds of graphs after which a graph of a kind is of another call."""
_OF_DYNAMO = frozenset({"dynamo", "before-grad"})


@dataclass
class LoggedCall:
    """The graphs of one call of AOTAutograd in a log, in their order."""

    graphs: list[GraphNames] = field(default_factory=list)

    @property
    def compile(self) -> CompileId:
        """The compile that the graphs belong to."""
        return self.graphs[0].graph.compile

    @property
    def main(self) -> GraphNames:
        """The graph that says most: the joint graph, if the log shows it; a whole one rather than one that is cut."""
        return min(
            self.graphs,
            key=lambda names: (
                not names.graph.is_whole,
                _MOST_TELLING[names.graph.kind],
                names.graph.form == "inductor",
            ),
        )

    def first(self, kind: GraphKind) -> GraphNames | None:
        """The first graph of a kind; None if there is none."""
        return next((names for names in self.graphs if names.graph.kind == kind), None)

    @property
    def begins(self) -> SourceLine | None:
        """The first line of the user's code in the graphs; None if the log has no lines."""
        for names in self.graphs:
            for operation in names.graph.operations:
                if operation.made is not None and operation.function not in (None, _NOT_OF_USER):
                    return operation.made
        return None

    @property
    def resumes(self) -> tuple[str, int] | None:
        """The function that the code is a part of, and the line of the graph break before it; None for a beginning."""
        for names in self.graphs:
            for operation in names.graph.operations:
                if (found := _RESUMED.match(operation.function or "")) is not None:
                    return found[1], int(found[2])
        return None


def calls_of(names: LogNames) -> list[LoggedCall]:
    """The calls of a log, in the order of their first graphs."""
    calls: list[LoggedCall] = []
    current: dict[CompileId, LoggedCall] = {}
    last: dict[tuple[int | None, str | None], LoggedCall] = {}
    for graph in names.graphs:
        compile = graph.graph.compile
        process = compile.rank, compile.process
        call = current.get(compile) if compile.frame is not None else last.get(process)
        if call is None or not _continues(call, graph):
            call = LoggedCall()
            calls.append(call)
        call.graphs.append(graph)
        current[compile] = last[process] = call
    return calls


def _continues(call: LoggedCall, graph: GraphNames) -> bool:
    """Whether a graph is one more of the same call."""
    kind = graph.graph.kind
    if kind == "body":
        return True
    own: Sequence[GraphNames] = [names for names in call.graphs if names.graph.kind != "body"]
    if any(names.graph.convention not in (None, graph.graph.convention) for names in own) and graph.graph.convention:
        return False
    if kind in _OF_DYNAMO:
        return all(names.graph.kind in _OF_DYNAMO for names in own) and graph.graph.compile.frame is not None
    numbers = {names.graph.number for names in own if names.graph.number is not None}
    if graph.graph.number is not None and numbers and graph.graph.number not in numbers:
        return False
    if any(names.graph.kind in _APART.get(kind, ()) for names in own):
        return False
    if graph.dynamo is not None and kind != "joint" and any(names.graph is graph.dynamo for names in own):
        return True  # Inductor prints the forward and the backward graph, each before and after its passes
    is_again = any(names.graph.kind == kind and names.graph.form == graph.graph.form for names in own)
    return not is_again and kind not in ("exported", "unknown")
