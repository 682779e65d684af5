"""The vocabulary of a log: the compiles and graphs in it, their inputs and outputs, and where each is written.

Lines and columns count from 1, columns in Unicode code points of the text as it is, with prefixes and colours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from aotlens_tracer.wire.protocol import Convention

GraphKind = Literal[
    "dynamo", "joint", "forward", "backward", "inference", "before-grad", "after-grad", "body", "exported", "unknown"
]
Form = Literal["code", "nodes", "table", "inductor", "document", "map"]

Cause = Literal["permission", "truncated", "not-json", "not-a-trace", "missing"]
"""The reasons why a part of a log cannot be read."""


@dataclass(frozen=True, slots=True)
class LogPlace:
    """The place of one word in a log: its line, and its first and its last column (exclusive)."""

    line: int
    column: int
    end_column: int


@dataclass(frozen=True)
class CompileId:
    """A compile as a log names it: `[rank0]` and `[0/1_2]` are rank 0, frame 0, compilation 1, attempt 2.

    `frame` is torch's own text, `0/1_2`, or `!0/0/1` under compiled autograd. `process` tells processes apart: the
    process id of a log's prefix, or the file of a `TORCH_TRACE` folder. All are None if the log does not say them.
    """

    frame: str | None = None
    rank: int | None = None
    process: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedValue:
    """An input or output of a graph in a log.

    `node` is its name there (`primals_3`, `L_x_`), None for an output that is None. `type` is written beside it
    (`f32[16, 8]`), and `descriptor` in its comment (`PlainAOTInput(idx=2)`); both None if they are not. `source` is the
    expression from which Dynamo took the input (`L['self']._modules['up']._parameters['weight']`), if the log has it.
    `place` is where the graph first writes it; None if it does not.
    """

    node: str | None
    type: str | None = None
    descriptor: str | None = None
    source: str | None = None
    place: LogPlace | None = None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the user's code that a log names: `# File: model.py:9 in forward, code: h = self.up(x)`.

    `function` and `code` are None if the log does not have them.
    """

    path: str
    line: int
    function: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedOperation:
    """An operation of a graph in a log, in its order.

    `node` is the name of its result, `target` the function that it calls (`torch.ops.aten.mm.default`). `file`,
    `line`, `function` and `code` are those of the `# File:` comment above it, None if the log has none. `type` is
    written beside it, None if it is not. `reads` are the nodes that it reads, `place` is that of its name.
    """

    node: str
    target: str
    file: str | None = None
    line: int | None = None
    function: str | None = None
    code: str | None = None
    type: str | None = None
    reads: Sequence[str] = ()
    place: LogPlace | None = None

    @property
    def made(self) -> SourceLine | None:
        """The user's line that it belongs to; None if the log does not say it."""
        if self.file is None or self.line is None:
            return None
        return SourceLine(self.file, self.line, self.function, self.code)


@dataclass(frozen=True, eq=False)
class LoggedGraph:
    """A graph that a log shows.

    `convention` is the calling convention that its text proves; None if the text fits both. `title` is the line above
    it (`Joint graph 0`), None without one, and `number` the number of AOTAutograd's call in it. `first_line` and
    `last_line` are those of its code, both inclusive; `spans` are the runs of lines that are its own, first and last
    inclusive: several if lines of another process stand between them, empty if `first_line` and `last_line` say it.

    `kind` is `before-grad` and `after-grad` for Inductor's graphs before and after AOTAutograd, `body` for a graph that
    an operation of another one runs, `exported` for the graph of an ExportedProgram. `operations` is empty if they were
    not read. `form` is how the graph is written: Python code, the nodes of `print(gm.graph)`, the table of
    `TORCH_LOGS=graph`, Inductor's output code, a graph document of aotlens; or `map` for a graph of a traced model that
    is not in the log. A graph whose end is missing (`is_whole` is False) may lack inputs and outputs. `signature` says
    what export's inputs and outputs are, by node, as torch prints it (`PARAMETER target='up.weight'`). `aliases` are
    second names of inputs: Dynamo's code begins with `l_x_ = L_x_`, and its operations read `l_x_`. `made_from` is the
    graph of Dynamo, in the same log, that AOTAutograd was given for this one or that this one is a piece of; None if
    the log does not say it.
    """

    kind: GraphKind
    compile: CompileId
    first_line: int
    last_line: int
    inputs: Sequence[LoggedValue]
    outputs: Sequence[LoggedValue]
    convention: Convention | None = None
    title: str | None = None
    operations: Sequence[LoggedOperation] = ()
    number: int | None = None
    form: Form = "code"
    spans: Sequence[tuple[int, int]] = ()
    is_whole: bool = True
    signature: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    made_from: LoggedGraph | None = None

    @cached_property
    def operations_by_node(self) -> Mapping[str, LoggedOperation]:
        """The operations by node."""
        return {operation.node: operation for operation in self.operations}


@dataclass(frozen=True, slots=True)
class Mention:
    """A name of a graph's node in text that is no graph: a traceback, an assertion, a warning.

    `compile` is the compile whose prefix stands on its line, else the last one before it that the same process and
    rank name.
    """

    name: str
    place: LogPlace
    compile: CompileId


@dataclass(frozen=True)
class LoggedBreak:
    """A graph break in a log: the user's line that torch could not trace, and why.

    `text` is all that torch writes about it. `reason` is the short name that torch gives its kind (`Failed to trace
    builtin operator`), None if the log has none. `file` and `line` are None if the log does not say them.
    """

    file: str | None
    line: int | None
    reason: str | None
    text: str


@dataclass(frozen=True)
class LoggedGuard:
    """A condition under which torch uses a compiled graph again.

    `kind` is torch's name for it (`TENSOR_MATCH`), `expression` torch's text for what it looks at, None for the state
    of the process; `conditions` are torch's texts of what is compared. `file` and `line` are those of the code that
    needs it, as torch shortens them; None if the log does not say them.
    """

    kind: str
    expression: str | None
    conditions: Sequence[str] = ()
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class LoggedCompile:
    """One compilation of a function, of which a log shows graphs, breaks or guards.

    `function`, `file` and `line` are the name and the first line of the code, None if the log does not say them.
    `recompiled_because` are torch's texts of the guards that failed before, `failed` its text of an error that ended
    the compilation; None if there was none.
    """

    compile: CompileId
    function: str | None = None
    file: str | None = None
    line: int | None = None
    breaks: Sequence[LoggedBreak] = ()
    guards: Sequence[LoggedGuard] = ()
    recompiled_because: Sequence[str] = ()
    failed: str | None = None


@dataclass(frozen=True)
class UnreadablePart:
    """A part of a log that could not be read: its file, its line (None for the whole file), and why."""

    file: str
    line: int | None
    cause: Cause


@dataclass(frozen=True, eq=False)
class Log:
    """All that a log, or a folder of traces, says about graphs and compilations, in the order in which it says it.

    `unreadable` are the parts that could not be read. `mentions` are the names of nodes outside of graphs. `lines` is
    the number of lines of a text, 0 for a folder. `artifacts` are the names of torch's log artifacts in its prefixes
    (`graph_breaks`), in order of appearance.
    """

    graphs: Sequence[LoggedGraph]
    compiles: Sequence[LoggedCompile] = ()
    unreadable: Sequence[UnreadablePart] = ()
    mentions: Sequence[Mention] = ()
    lines: int = 0
    artifacts: Sequence[str] = ()

    def graph_at(self, line: int) -> LoggedGraph | None:
        """The graph that a line (from 1) belongs to; None if it belongs to none."""
        index = bisect_right(self._starts, line) - 1
        if index < 0:
            return None
        _, last, graph = self._runs[index]
        return graph if line <= last else None

    @cached_property
    def _runs(self) -> list[tuple[int, int, LoggedGraph]]:
        runs = [
            (first, last, graph)
            for graph in self.graphs
            for first, last in graph.spans or ((graph.first_line, graph.last_line),)
        ]
        return sorted(runs, key=lambda run: run[0])

    @cached_property
    def _starts(self) -> list[int]:
        return [first for first, _, _ in self._runs]
