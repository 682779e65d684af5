"""The lines of a log without what was put before them: prefixes of torch, of launchers, of CI systems, and colours."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from .cut_lines import whole_lines
from .graphs import CompileId, LogPlace
from .torch_prefixes import DATED, GLOG, PREFIX_REACH

_COLOUR = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>])")
_RANK = re.compile(
    r"\[(?:rank|default|trainer|worker)?[ _]?(\d{1,9})\]:|(?<!\w)rank[ =:]?(\d{1,9})[:>|\]]", re.IGNORECASE
)
_WORKER = re.compile(r"\([^()\n]*\bpid=(\d+)[^()\n]*\)")
_OUTER = re.compile(
    r"(?:"
    r"\[(?:rank|default|trainer|worker)?[ _]?\d+\]: ?"
    r"|rank[ =:]?\d+[:>|] ?"
    r"|\([^()\n]{0,80}\bpid=\d+[^()\n]{0,80}\) ?"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]? ?"
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]? (?=\S|  )"
    r"|(?:DEBUG|INFO|WARNING|ERROR|STDERR|STDOUT|stderr|stdout)(?: \d\d-\d\d \d\d:\d\d:\d\d)?(?: \[[\w./]+:\d+\])?: ?"
    r"|\[(?:DEBUG|INFO|WARNING|ERROR)\]:? ?"
    r"|[\w.-]{1,60} +\| "
    r"|> "
    r")+"
)
_OUTER_START = frozenset("[(0123456789>rRDIWEsS")


class LogLine:
    """A line without colours and without what was put before torch's own text.

    `text` is that text. `stream` tells apart those that write into the log at the same time: rank and process of the
    prefix. `compile` is the compile that the prefix names, `artifact` torch's log artifact, None if it names none.
    `has_prefix` says that torch's own prefix was there, `outer` is what a launcher or CI system put before it.

    A line that a terminal cut is one line again; `number` is then that of its first piece, `last` of its last one.
    """

    __slots__ = (
        "_breaks",
        "_column",
        "_pieces",
        "artifact",
        "compile",
        "has_prefix",
        "number",
        "outer",
        "stream",
        "text",
    )

    def __init__(self, number: int, text: str, column: int, breaks: Sequence[tuple[int, int]] | None) -> None:
        self.number = number
        self.text = text
        self._column = column
        self._breaks = breaks
        self._pieces: Sequence[int] = ()
        self.stream: tuple[int | None, str | None] = (None, None)
        self.compile: CompileId | None = None
        self.artifact: str | None = None
        self.has_prefix = False
        self.outer = ""

    @property
    def last(self) -> int:
        """The number of the last piece of a line that was cut."""
        return self.number + max(0, len(self._pieces) - 1)

    def place(self, start: int, end: int) -> LogPlace:
        """The place of a part of `text`, offsets from 0, in the text as it is. It ends with the piece it begins in."""
        first, last = self._raw(start), self._raw(end - 1) + 1
        if not self._pieces:
            return LogPlace(self.number, first + 1, last + 1)
        index = bisect_right(self._pieces, first) - 1
        offset = self._pieces[index]
        limit = self._pieces[index + 1] if index + 1 < len(self._pieces) else last
        return LogPlace(self.number + index, first - offset + 1, min(last, limit) - offset + 1)

    def _raw(self, offset: int) -> int:
        """The offset of a character of `text` in the line as it is, with its pieces joined."""
        offset += self._column
        if self._breaks is not None:
            index = bisect_right(self._breaks, (offset, 1 << 60)) - 1
            if index >= 0:
                offset += self._breaks[index][1]
        return offset


def log_lines(text: str) -> Iterator[LogLine]:
    """The lines of a text, in order."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    reader = _Reader()
    for number, raw, pieces in whole_lines(text.split("\n")):
        line = reader.read(number, raw)
        line._pieces = pieces
        yield line


class _Reader:
    """Reads prefixes. Equal ones are told apart once."""

    def __init__(self) -> None:
        self._compiles: dict[tuple[str | None, int | None, str | None], CompileId] = {}
        self._learnt: list[re.Pattern[str]] = []

    def read(self, number: int, raw: str) -> LogLine:
        breaks = None
        if "\x1b" in raw:
            raw, breaks = _without_colours(raw)
        head = raw if len(raw) <= PREFIX_REACH else raw[:PREFIX_REACH]
        found = GLOG.search(head) if "] " in head or head.endswith("]") else None
        if found is not None:
            outer, process, frame, artifact = head[: found.start()], found[1], found[2], found[3]
        elif "[2" in head and (found := DATED.search(head)) is not None:
            outer, process, frame = head[: found.start()], None, found[1]
            artifact = found[2].rpartition(".__")[2] if ".__" in found[2] else None
        else:
            return self._plain(number, raw, head, breaks)
        line = LogLine(number, raw[found.end() :], found.end(), breaks)
        rank = _rank(outer) if outer else None
        line.stream = (rank, process)
        line.compile = self._compile(frame, rank, process)
        line.artifact = artifact
        line.has_prefix = True
        line.outer = outer
        return line

    def _plain(self, number: int, raw: str, head: str, breaks: Sequence[tuple[int, int]] | None) -> LogLine:
        end = 0
        for pattern in self._learnt:
            if (match := pattern.match(head)) is not None:
                end = match.end()
                break
        else:
            if head[:1] in _OUTER_START or " | " in head:
                match = _OUTER.match(head)
                end = match.end() if match is not None else 0
            if "class " in head or "=====" in head or "def forward(" in head or "def call(" in head:
                end = self._learn(head, end)
        line = LogLine(number, raw[end:], end, breaks)
        if end:
            outer = raw[:end]
            worker = _WORKER.search(outer)
            line.stream = (_rank(outer), worker[1] if worker is not None else None)
            line.outer = outer
        return line

    def _learn(self, head: str, end: int) -> int:
        """The end of an unknown prefix of a line that begins a graph; such prefixes are known from now on."""
        start = _BEGIN.search(head, end)
        if start is None or start.start() <= end:
            return end
        prefix = head[end : start.start()]
        if not prefix.strip() or len(self._learnt) >= _MOST_PREFIXES or _NO_PREFIX.search(prefix) is not None:
            return end
        shape = re.sub(r"\\?\d+", r"\\d+", re.escape(head[: start.start()]))
        self._learnt.append(re.compile(shape.removesuffix(r"\ ") + " ?"))
        return start.start()

    def _compile(self, frame: str | None, rank: int | None, process: str | None) -> CompileId:
        key = frame or None, rank, process
        if key not in self._compiles:
            self._compiles[key] = CompileId(*key)
        return self._compiles[key]


_MOST_PREFIXES = 8
# The beginning of a graph, with the spaces that torch writes before it.
_BEGIN = re.compile(r" ?=====+ [\w ()-]+ =====| *(?:class \w+\(torch\.nn\.Module\):|def (?:forward|call)\()")
# Text before the beginning of a graph that is no prefix: a path (`/torch/fx/_lazy_graph_module.py class GraphModule`),
# a name of compiled code, or code.
_NO_PREFIX = re.compile(r"\.py |<eval_with_key>|^\s|[\"'`#=(]\s*$")


def _rank(outer: str) -> int | None:
    found = _RANK.search(outer)
    return None if found is None else int(found[1] or found[2])


def _without_colours(raw: str) -> tuple[str, list[tuple[int, int]]]:
    """A line without the sequences that colour it, and how many characters were left out before each offset."""
    parts: list[str] = []
    breaks: list[tuple[int, int]] = []
    end = kept = left_out = 0
    for match in _COLOUR.finditer(raw):
        parts.append(raw[end : match.start()])
        kept += match.start() - end
        left_out += match.end() - match.start()
        breaks.append((kept, left_out))
        end = match.end()
    parts.append(raw[end:])
    return "".join(parts), breaks
