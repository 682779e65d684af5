"""The part that all readers of printed graphs share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from .graphs import CompileId, LoggedGraph
from .log_lines import LogLine


@dataclass
class Heading:
    """The text above a graph: its title (`Joint graph 0`), and the compile that it belongs to.

    `is_traced` says that torch wrote `TRACED GRAPH` above it, `is_exported` that it is in an ExportedProgram.
    """

    compile: CompileId
    title: str | None = None
    is_traced: bool = False
    is_exported: bool = False


@dataclass
class Lines:
    """The lines that a graph consists of, as runs of consecutive numbers, both ends inclusive."""

    runs: list[tuple[int, int]] = field(default_factory=list)

    def add(self, line: LogLine) -> None:
        """Add a line; their numbers rise."""
        if self.runs and self.runs[-1][1] == line.number - 1:
            self.runs[-1] = self.runs[-1][0], line.last
        else:
            self.runs.append((line.number, line.last))

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.runs[-1][1]


class Builder(Protocol):
    """Reads the lines of one graph.

    `heading` is the text above it, `lines` are those that were read. `indent` is the column of its first word.
    """

    heading: Heading
    lines: Lines
    is_done: bool
    indent: int

    def feed(self, line: LogLine) -> bool:
        """Read a line if it belongs to the graph, and say so."""

    def graph(self) -> LoggedGraph | None:
        """The graph that was read; None if it was no graph of torch after all."""
