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
class LoggedGraph:
    """A graph that a log shows.

    `convention` is the calling convention that its text proves; None if the text fits both. `title` is the line above
    it (`Joint graph 0`), None without one. `first_line` and `last_line` are those of its code, both inclusive.
    """

    kind: GraphKind
    compile: CompileId
    first_line: int
    last_line: int
    inputs: Sequence[LoggedValue]
    outputs: Sequence[LoggedValue]
    convention: Convention | None = None
    title: str | None = None
