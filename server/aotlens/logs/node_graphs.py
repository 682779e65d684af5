"""Graphs that are printed node by node: `print(gm.graph)`, and the table of `TORCH_LOGS=graph`."""

from __future__ import annotations

import re
from dataclasses import replace

from .builders import Heading, Lines
from .graphs import Form, LoggedGraph, LoggedOperation, LoggedValue
from .kinds import convention_of, kind_of, number_in
from .log_lines import LogLine
from .statements import Statement, returned

_NODE = re.compile(r"\s*%(\w+) : (.*?)= (\w+)\[target=(.*)")
_TYPE = re.compile(r'"([^"\n]*)"')
_READ = re.compile(r"%(\w+)")
_RULE = re.compile(r"\s*-+(?:\s+-+)+\s*$")
_GAP = re.compile(r"\s{2,}")
_WORD = re.compile(r"[A-Za-z_]\w*")
_OPERATIONS = frozenset({"placeholder", "get_attr", "call_function", "call_method", "call_module", "output"})


class _RowsBuilder:
    """Reads a graph of which each line is a node; `form` says how."""

    form: Form

    def __init__(self, heading: Heading) -> None:
        self.heading = heading
        self.lines = Lines()
        self.is_done = False
        self.indent = 0
        self._inputs: list[LoggedValue] = []
        self._operations: list[LoggedOperation] = []
        self._outputs: list[LoggedValue] | None = None

    def graph(self) -> LoggedGraph | None:
        if not self._inputs and not self._operations:
            return None
        outputs = self._outputs or []
        kind = kind_of(self.heading, self._inputs, outputs, None)
        return LoggedGraph(
            kind,
            self.heading.compile,
            self.lines.runs[0][0],
            self.lines.last,
            self._inputs,
            outputs,
            convention_of(self.heading, kind, self._inputs),
            self.heading.title,
            tuple(self._operations),
            number_in(self.heading.title),
            self.form,
            tuple(self.lines.runs),
            self._outputs is not None,
        )


class NodesBuilder(_RowsBuilder):
    """Reads `graph():` and the nodes below it, one on each line."""

    form = "nodes"

    def __init__(self, heading: Heading, first: LogLine) -> None:
        super().__init__(heading)
        self.feed(first)

    def feed(self, line: LogLine) -> bool:
        text = line.text
        if self.is_done:
            return False
        found = _NODE.match(text)
        if found is not None:
            self._add(line, found)
        elif text.lstrip().startswith("return") and self._inputs + self._operations:
            types = {made.node: made.type for made in self._operations}
            outputs = returned(Statement.of([line]))
            self._outputs = [replace(value, type=types.get(value.node or "")) for value in outputs]
            self.is_done = True
        elif text.strip() != "graph():":
            return False
        self.lines.add(line)
        return True

    def _add(self, line: LogLine, found: re.Match[str]) -> None:
        name, operation, rest = found[1], found[3], found[4]
        known_type = _TYPE.search(found[2])
        type_text = None if known_type is None else known_type[1]
        place = line.place(found.start(1), found.end(1))
        target, _, arguments = rest.partition("](")
        if operation == "placeholder":
            self._inputs.append(LoggedValue(name, type_text, None, None, place))
        elif operation == "output":
            self._outputs = [LoggedValue(node, None, None, None, place) for node in _READ.findall(arguments)]
        else:
            reads = tuple(dict.fromkeys(_READ.findall(arguments)))
            self._operations.append(LoggedOperation(name, target.rstrip("]"), type=type_text, reads=reads, place=place))


class TableBuilder(_RowsBuilder):
    """Reads the table whose columns are opcode, name, target, args and kwargs."""

    form = "table"

    def __init__(self, heading: Heading, first: LogLine) -> None:
        super().__init__(heading)
        self._aliases: dict[str, str] = {}
        self._known: set[str] = set()
        self.lines.add(first)

    def feed(self, line: LogLine) -> bool:
        if self.is_done:
            return False
        cells = _GAP.split(line.text.strip(), maxsplit=4)
        if cells[0] in _OPERATIONS and len(cells) >= 3:
            self._add(line, cells)
        elif _RULE.match(line.text) is None:
            return False
        self.lines.add(line)
        return True

    def _add(self, line: LogLine, cells: list[str]) -> None:
        operation, name, target = cells[:3]
        start = line.text.index(name, line.text.index(operation) + len(operation))
        place = line.place(start, start + len(name))
        if operation == "placeholder":
            self._inputs.append(LoggedValue(target, None, None, None, place))
            if name != target:
                self._aliases[name] = target
            self._known.add(name)
            return
        arguments = _WORD.findall(" ".join(cells[3:]))
        reads = tuple(dict.fromkeys(self._aliases.get(word, word) for word in arguments if word in self._known))
        if operation == "output":
            self._outputs = [LoggedValue(node, None, None, None, place) for node in reads]
            self.is_done = True
            return
        self._known.add(name)
        self._operations.append(LoggedOperation(name, target, reads=reads, place=place))

    def graph(self) -> LoggedGraph | None:
        graph = super().graph()
        return replace(graph, aliases=self._aliases) if graph is not None else None
