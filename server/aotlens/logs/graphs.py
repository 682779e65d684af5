"""The vocabulary of a log: the compiles and graphs in it, their inputs and outputs, and where each is written.

Lines and columns count from 1, columns in Unicode code points of the text as it is, with prefixes and colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Convention = Literal["export", "compile"]
GraphKind = Literal["dynamo", "joint", "forward", "backward", "inference", "after-grad", "unknown"]


@dataclass(frozen=True)
class LogPlace:
    """The place of one word in a log: its line, and its first and its last column (exclusive)."""

    line: int
    column: int
    end_column: int


@dataclass(frozen=True)
class CompileId:
    """A compile as a log names it: `[rank0]` and `[0/1_2]` are rank 0, frame 0, compilation 1, attempt 2.

    All are None if the log does not say them. `process` tells the files of a `TORCH_TRACE` folder apart.
    """

    frame: str | None = None
    rank: int | None = None
    process: str | None = None

    @property
    def text(self) -> str | None:
        """Torch's own text for it, without rank: `0/1_2`."""
        return self.frame


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class LoggedOperation:
    """An operation of a graph in a log, in its order.

    `node` is the name of its result, `target` the function that it calls (`torch.ops.aten.mm.default`). `file`,
    `line`, `function` and `code` are those of the `# File:` comment above it, None if the log has none.
    """

    node: str
    target: str
    file: str | None = None
    line: int | None = None
    function: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class LoggedGraph:
    """A graph that a log shows.

    `convention` is the calling convention that its text proves; None if the text fits both. `title` is the line above
    it (`Joint graph 0`), None without one. `first_line` and `last_line` are those of its code, both inclusive.
    `operations` is empty if they were not read.
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
    cause: Literal["permission", "truncated", "not-json", "not-a-trace", "missing"]


@dataclass(frozen=True)
class Log:
    """All that a log, or a folder of traces, says about graphs and compilations, in the order in which it says it.

    `unreadable` are the parts that could not be read.
    """

    graphs: Sequence[LoggedGraph]
    compiles: Sequence[LoggedCompile] = ()
    unreadable: Sequence[UnreadablePart] = ()
