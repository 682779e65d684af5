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

    def add(self, number: int) -> None:
        """Add a line; numbers rise."""
        if self.runs and self.runs[-1][1] == number - 1:
            self.runs[-1] = self.runs[-1][0], number
        else:
            self.runs.append((number, number))

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.runs[-1][1]

    def until(self, number: int) -> list[tuple[int, int]]:
        """The runs without the lines after a number."""
        return [(first, min(last, number)) for first, last in self.runs if first <= number]


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

    def takes_rest(self, line: LogLine) -> bool:
        """Read a line as the rest of the one before it, which a terminal has cut, if it can be that; and say so."""

    def graph(self) -> LoggedGraph | None:
        """The graph that was read; None if it was no graph of torch after all."""
