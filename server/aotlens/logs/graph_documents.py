"""Graph documents of aotlens (`aotlens trace --graph`), which say themselves what each input is."""

from __future__ import annotations

import re

from aotlens_tracer.wire.protocol import Convention

from .builders import Heading, Lines
from .graphs import GraphKind, LoggedGraph, LoggedValue
from .log_lines import LogLine

_BEGIN = re.compile(r"# (joint|forward|backward|inference) graph of \S+.*\d+ operations?")
_COMPILED = "torch.compile's numbering: "
_INPUT = re.compile(r" {2,4}(\w+): ([^#]*?)\s*# (.*)$")
_NODE = re.compile(r"(?<![\w.])((?:primals|tangents)_\d+|arg\d+_\d+)(?!\w)")


def begins_document(text: str) -> bool:
    """Whether a line is the first of a graph document."""
    return _BEGIN.match(text) is not None


class DocumentBuilder:
    """Reads the inputs of a graph document."""

    def __init__(self, heading: Heading, first: LogLine) -> None:
        self.heading = heading
        self.lines = Lines()
        self.is_done = False
        self.indent = 0
        found = _BEGIN.match(first.text)
        self._title = first.text.removeprefix("# ").partition(":")[0]
        word = found[1] if found is not None else ""
        kinds: dict[str, GraphKind] = {"joint": "joint", "forward": "forward", "backward": "backward"}
        self._kind: GraphKind = kinds.get(word, "inference")
        self._convention: Convention = "compile" if _COMPILED in first.text else "export"
        self._is_in_inputs = False
        self._inputs: list[LoggedValue] = []
        self._signature: dict[str, str] = {}
        self.lines.add(first)

    def feed(self, line: LogLine) -> bool:
        text = line.text
        if text and not text[0].isspace() and text[0] != "#" and not re.fullmatch(r"\w+:", text):
            return False
        if begins_document(text):
            return False
        self.lines.add(line)
        if text and not text[0].isspace():
            self._is_in_inputs = text == "inputs:"
        elif self._is_in_inputs and (found := _INPUT.match(text)) is not None:
            self._add(line, found)
        return True

    def _add(self, line: LogLine, found: re.Match[str]) -> None:
        node = _NODE.search(found[3])
        if node is None:
            return
        start = found.start(3) + node.start()
        place = line.place(start, start + len(node[0]))
        self._inputs.append(LoggedValue(node[0], found[2].strip() or None, None, None, place))
        self._signature[node[0]] = found[3][: node.start()].strip().rstrip(",")

    def graph(self) -> LoggedGraph | None:
        return LoggedGraph(
            self._kind,
            self.heading.compile,
            self.lines.runs[0][0],
            self.lines.last,
            self._inputs,
            (),
            self._convention,
            self._title,
            form="document",
            spans=tuple(self.lines.runs),
            signature=self._signature,
        )
