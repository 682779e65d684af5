"""The exact sources of Dynamo's inputs, where a log has them: `TORCH_LOGS=guards`, `+dynamo` or `dynamic`."""

from __future__ import annotations

import re
from dataclasses import replace

from .dynamo_names import mangled
from .graphs import CompileId, LoggedGraph, LoggedValue
from .log_lines import LogLine

_EXPRESSION = r"([LG]\['[^'\n]*'\](?:\.\w+(?:\(\))?|\[(?:'[^'\n]*'|\d+)\])*)"
_CREATED = re.compile(r"create_graph_input (\w+) " + _EXPRESSION)
_GUARDED = re.compile(r"GuardManager: source=" + _EXPRESSION + ",")
_SYMBOL = re.compile(r"create_symbol (\w+) = \S+ for " + _EXPRESSION)


class InputSources:
    """Collects the sources of each compile. Dynamo says them while it traces, and in the guards, after the graph."""

    def __init__(self) -> None:
        self._created: dict[tuple[CompileId, str], str] = {}
        self._guarded: dict[tuple[CompileId, str], set[str]] = {}

    def read(self, line: LogLine) -> None:
        """Read a line of a compile."""
        text = line.text
        if line.compile is None:
            return
        if "create_" in text and (found := _CREATED.search(text) or _SYMBOL.search(text)) is not None:
            self._created[line.compile, found[1]] = found[2]
        elif "source=" in text and (found := _GUARDED.search(text)) is not None:
            self._guarded.setdefault((line.compile, mangled(found[1])), set()).add(found[1])

    def added(self, graph: LoggedGraph) -> LoggedGraph:
        """A graph with the sources of its inputs, as far as they are known."""
        if graph.kind not in ("dynamo", "before-grad") or not (self._created or self._guarded):
            return graph
        return replace(graph, inputs=[self._with_source(graph.compile, value) for value in graph.inputs])

    def _with_source(self, compile: CompileId, value: LoggedValue) -> LoggedValue:
        key = compile, value.node or ""
        source = self._created.get(key)
        guarded = self._guarded.get(key, set())
        if source is None and len(guarded) == 1:
            (source,) = guarded
        return value if source is None or value.source is not None else replace(value, source=source)
