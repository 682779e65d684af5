"""A log as a document shows it: the values and the lines of source that it names at a position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from aotlens.logs.dynamo_names import mangled
from aotlens.logs.named import GraphNames, LogNames, ValueName
from aotlens.logs.source_lines import NamedLine, named_lines
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

WINDOW = 20_000
"""The characters of a line that are searched on each side of a position: the signature of a graph is one line."""
_WORD = re.compile(r"[^\W\d]\w*")
_COMPILE = re.compile(r"\[(!?\d+(?:/\d+)+(?:_\d+)?)\]")
_EXPRESSION = re.compile(r"(?<!\w)[LG]\[(?:'[^']*'|\"[^\"]*\")\](?:\.\w+(?:\(\))?|\[(?:'[^']*'|\"[^\"]*\"|\d+)\])*")


@dataclass(frozen=True)
class NamedHere:
    """The values that a word of a log may stand for, the most probable first: one, unless the log is not clear."""

    text: str
    span: Span
    found: Sequence[tuple[GraphNames, ValueName]]


@dataclass(frozen=True, eq=False)
class LogView:
    """A log, what its numbers stand for, and the files here of the paths in it. `files` is empty for unknown paths.

    `cut` is the number of characters that were read of a log that is longer than the limit; None if all were read.
    `is_trace` says that it is a file of a `TORCH_TRACE` folder: torch has hashed its payloads, so nothing is written
    into it.
    """

    document: Document
    names: LogNames
    files: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    cut: int | None = None
    is_trace: bool = False

    def named_at(self, line: int, column: int) -> NamedHere | None:
        """The values that are named at a position, or directly before it; None if no value is."""
        for text, span in self._words(line, column):
            graph = self.names.at(line)
            if graph is not None and (value := _in_graph(graph, text)) is not None:
                return NamedHere(text, span, [(graph, value)])
            if found := self._mentioned(text, line, span):
                return NamedHere(text, span, found)
        return None

    def source_at(self, line: int, column: int) -> NamedLine | None:
        """The line of source that is named at a position; None if there is none."""
        found = named_lines(self.document.line(line)) if len(self.document.line(line)) <= WINDOW else ()
        return next((one for one in found if one.column <= column <= one.end_column), None)

    def span_of(self, line: int, column: int, end_column: int) -> Span:
        """A span of one line of the document."""
        return Span(self.document.path, line, column, line, end_column)

    def _words(self, line: int, column: int) -> list[tuple[str, Span]]:
        """The expression of Dynamo and the word at a position, as far as they are there."""
        text = self.document.line(line)
        offset = max(0, column - 1 - WINDOW)
        window, at = text[offset : column - 1 + WINDOW], column - 1 - offset
        found = []
        for pattern in (_EXPRESSION, _WORD):
            for match in pattern.finditer(window):
                if match.start() > at:
                    break
                if at <= match.end():
                    found.append((match[0], self.span_of(line, offset + match.start() + 1, offset + match.end() + 1)))
        return found

    def _mentioned(self, text: str, line: int, span: Span) -> list[tuple[GraphNames, ValueName]]:
        """The values that a name outside of graphs may stand for."""
        for mention in self.names.mentions:
            place = mention.mention.place
            if place.line == line and place.column == span.column:
                return list(mention.found)
        node = mangled(text) if "[" in text else text
        found = [
            (graph, value)
            for graph in self.names.graphs
            for value in graph.inputs
            if value.value.source == text or (graph.graph.kind == "dynamo" and value.value.node == node)
        ]
        compiles = set(_COMPILE.findall(self.document.line(line)[:WINDOW]))
        return [one for one in found if one[0].graph.compile.frame in compiles] or found


def _in_graph(graph: GraphNames, text: str) -> ValueName | None:
    """The value that a word in a graph names. Dynamo calls its input `L_x_` also `l_x_`."""
    if (value := graph.of(text)) is not None or not text.startswith("l_"):
        return value
    return graph.of(f"L{text[1:]}")
