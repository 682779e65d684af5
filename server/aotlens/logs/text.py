"""Reads the graphs in any text: torch's logs, printed graphs, tracebacks, whatever stands around them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from .builders import Builder, Heading
from .code_graphs import CodeBuilder
from .export_signatures import SignatureReader
from .graph_documents import DocumentBuilder, begins_document
from .graphs import CompileId, Log, LoggedGraph, Mention
from .inductor_code import InductorBuilder
from .input_sources import InputSources
from .log_lines import LogLine, log_lines
from .node_graphs import NodesBuilder, TableBuilder

_TITLE = re.compile(r"(?<!=)===+ ([\w ()./-]{1,120}?) ===+")
_COMPILED = re.compile(r"(__compiled_fn_\d\w*)")
# The min-cut partitioner's dump calls a node `primals_1_in` and `primals_1_out`.
_NAME = re.compile(r"(?<![\w.])(?:(?:primals|tangents)_\d+|arg\d+_1|getitem_\d+)(?=(?:_(?:in|out))?(?!\w))")
_CODE = re.compile(r"\s*def forward\(\s*(?:self\b|$)")
_HEADING_REACH = 4
"""The lines after a title in which its graph begins."""
_KEPT_LINES = 20
"""The lines of a text that begins like a graph in which names are still found if it is none."""


@dataclass
class _Stream:
    """The state of what one process writes. The lines of a title and the like are counted among its own, `lines`.

    `begun` are the first lines of the graph that is being read: text like any other if it turns out to be none.
    """

    builder: Builder | None = None
    begun: list[LogLine] = field(default_factory=list)
    ended: int = -_HEADING_REACH
    title: str | None = None
    title_line: int = -_HEADING_REACH
    traced_line: int = -_HEADING_REACH
    exported_line: int = -_HEADING_REACH
    compile: CompileId | None = None
    signature: SignatureReader | None = None
    position: int = -1
    indent: int = 0
    lines: int = 0
    number: int = 0


@dataclass
class _Found:
    graphs: list[LoggedGraph] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    artifacts: dict[str, None] = field(default_factory=dict)


def parse_log(text: str) -> Log:
    """All graphs in a text, and the names of graph nodes in the rest of it.

    It takes time in proportion to the text. Text that it does not understand is passed over.
    """
    reader = _Reader()
    number = 0
    for line in log_lines(text):
        reader.read(line)
        number = line.last
    return reader.log(number)


class _Reader:
    """Gives each line to the graph that its process is printing, or looks for the beginning of one."""

    def __init__(self) -> None:
        self._streams: dict[tuple[int | None, str | None], _Stream] = {}
        # Those of the last lines: a log may have as many streams as lines.
        self._recent: deque[tuple[tuple[int | None, str | None], _Stream]] = deque(maxlen=_HEADING_REACH)
        self._found = _Found()
        self._sources = InputSources()
        self._compile = CompileId()
        self._of_rank: dict[int | None, CompileId] = {}

    def read(self, line: LogLine) -> None:
        stream = self._streams.get(line.stream)
        if stream is None:
            stream = self._streams.setdefault(line.stream, _Stream())
        if line.compile is not None and line.compile.frame is not None:
            stream.compile = self._compile = line.compile
            self._of_rank[line.compile.rank] = line.compile
        if line.artifact is not None and line.artifact not in self._found.artifacts:
            self._found.artifacts[line.artifact] = None
        stream.lines += 1
        stream.number = line.number
        self._recent.append((line.stream, stream))
        if stream.builder is not None:
            if stream.builder.feed(line):
                if len(stream.begun) < _KEPT_LINES:
                    stream.begun.append(line)
                if stream.builder.is_done:
                    self._end(stream)
                return
            self._end(stream)
        self._outside(stream, line)

    def log(self, lines: int) -> Log:
        """All that was read."""
        for stream in self._streams.values():
            if stream.builder is not None:
                self._end(stream)
        graphs = sorted(map(self._sources.added, self._found.graphs), key=lambda graph: graph.first_line)
        mentions = sorted(self._found.mentions, key=lambda one: (one.place.line, one.place.column))
        return Log(graphs, (), (), tuple(mentions), lines, tuple(self._found.artifacts))

    def _outside(self, stream: _Stream, line: LogLine) -> None:
        text = line.text
        if not text:
            return
        if stream.signature is not None:
            if stream.signature.feed(line):
                return
            self._end_signature(stream)
        builder = self._begun(stream, line)
        if builder is not None:
            stream.builder = builder
            stream.begun = [line]
            stream.title = None
            if builder.is_done:
                self._end(stream)
            return
        if "=====" in text and (found := _TITLE.search(text)) is not None:
            stream.title, stream.title_line = found[1].strip(), stream.lines
        if "TRACED GRAPH" in text:
            stream.traced_line = stream.lines
        elif "ExportedProgram:" in text:
            stream.exported_line = stream.lines
        elif "Graph signature:" in text or "ExportGraphSignature(" in text:
            stream.signature = SignatureReader(line)
            return
        if line.has_prefix and ("source=" in text or "create_" in text):
            self._sources.read(line)
        if "primals_" in text or "tangents_" in text or "getitem_" in text or "arg" in text:
            self._found.mentions.extend(self._mentions(line))

    def _begun(self, stream: _Stream, line: LogLine) -> Builder | None:
        """The builder of the graph that begins on a line; None if none does."""
        text = line.text
        if "(torch.nn.Module):" in text and "class " in text:
            return CodeBuilder(self._heading(stream, line), line, self._is_body(stream, line))
        if "def forward(" in text and _CODE.match(text) is not None:
            return CodeBuilder(self._heading(stream, line), line, False)
        if "# AOT ID:" in text or ("def call(" in text and "args)" in text):
            return InductorBuilder(self._heading(stream, line), line)
        if "[target=" in text and " = placeholder[" in text:
            return NodesBuilder(self._heading(stream, line), line)
        if "opcode" in text and "target" in text and "kwargs" in text:
            return TableBuilder(self._heading(stream, line), line)
        if text.startswith("# ") and begins_document(text):
            return DocumentBuilder(self._heading(stream, line), line)
        return None

    def _heading(self, stream: _Stream, line: LogLine) -> Heading:
        number = stream.lines
        title = stream.title if number - stream.title_line < _HEADING_REACH else None
        if title is None and (found := _COMPILED.search(line.text)) is not None:
            title = found[1]
        is_near = number - stream.traced_line < _HEADING_REACH
        compile = line.compile if line.has_prefix else None
        if compile is None and is_near:
            compile = stream.compile
        if compile is None and self._is_below_prefix(line):
            compile = self._compile
        is_exported = number - stream.exported_line < _HEADING_REACH
        rank, process = line.stream
        return Heading(compile or CompileId(None, rank, process), title, is_near, is_exported)

    def _is_below_prefix(self, line: LogLine) -> bool:
        """Whether torch's prefix stands only on the first line of a message, and this line is near it."""
        return any(
            line.number - stream.number < _HEADING_REACH and stream.lines - stream.traced_line < _HEADING_REACH
            for key, stream in self._recent
            if key != line.stream
        )

    def _is_body(self, stream: _Stream, line: LogLine) -> bool:
        if stream.ended < stream.lines - _HEADING_REACH or line.text.lstrip()[:6] != "class ":
            return False
        return len(line.text) - len(line.text.lstrip()) > max(stream.indent, 1)

    def _end(self, stream: _Stream) -> None:
        builder = stream.builder
        stream.builder = None
        if builder is None:
            return
        graph = builder.graph()
        if graph is None:
            self._found.mentions.extend(mention for line in stream.begun for mention in self._mentions(line))
            return
        if graph.kind != "body":
            stream.indent = builder.indent
            stream.position = len(self._found.graphs)
        stream.ended = stream.lines
        self._found.graphs.append(graph)

    def _end_signature(self, stream: _Stream) -> None:
        reader, stream.signature = stream.signature, None
        if reader is None or not reader.found or stream.position < 0:
            return
        graph = self._found.graphs[stream.position]
        kind = "exported" if graph.kind == "unknown" else graph.kind
        self._found.graphs[stream.position] = replace(
            graph, signature={**graph.signature, **reader.found}, convention="export", kind=kind
        )

    def _mentions(self, line: LogLine) -> Iterator[Mention]:
        for match in _NAME.finditer(line.text):
            yield Mention(match[0], line.place(match.start(), match.end()), self._compile_of(line))

    def _compile_of(self, line: LogLine) -> CompileId:
        if line.compile is not None and line.compile.frame is not None:
            return line.compile
        rank, process = line.stream
        if (stream := self._streams.get(line.stream)) is not None and stream.compile is not None:
            return stream.compile
        if (found := self._of_rank.get(rank)) is not None:
            return found
        return CompileId(None, rank, process)
