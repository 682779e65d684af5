"""Inductor's output code: the inputs and outputs of `def call(args)`."""

from __future__ import annotations

import re
from dataclasses import replace

from .builders import Heading, Lines
from .graphs import GraphKind, LoggedGraph, LoggedValue
from .kinds import convention_of, kind_of
from .log_lines import LogLine
from .statements import Statement, flattened, is_open, returned

_AOT_ID = re.compile(r"# AOT ID: \['(\d{1,9})_(forward|backward|inference)'")
_SIZES = re.compile(r"\s*assert_size_stride\((\w+), \(([^()]*)\)")
_EXAMPLE = re.compile(r"\s*(\w+) = rand_strided\(\(([^()]*)\), .*dtype=torch\.(\w+)\)")
_SYMBOL = re.compile(r"\s*(s\d+) = (\w+)\s*$")
_UNPACKED = re.compile(r"\s*[A-Za-z_]\w*(?:, ?[A-Za-z_]\w*)*,? = args\s*$")
_ENDS = ("Traceback (most recent call last)", "TRACED GRAPH")
_MODULE_LEVEL = re.compile(
    r"def |class |if __name__|import |from |#|@|async_compile|runner|call =|recursively|del |[\w.]+ = |'''|\"\"\""
    r"|\)|\}|\{|[\w.]+\("
)
DTYPES = {
    "float32": "f32",
    "float64": "f64",
    "float16": "f16",
    "bfloat16": "bf16",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint8": "u8",
    "bool": "b8",
    "complex64": "c64",
    "complex128": "c128",
}
"""Torch's short names of dtypes in printed graphs (`torch/fx/graph.py`)."""


class InductorBuilder:
    """Reads output code from `# AOT ID` or `def call` on, to the end of the module."""

    def __init__(self, heading: Heading, first: LogLine) -> None:
        self.heading = heading
        self.lines = Lines()
        self.is_done = False
        self.indent = 0
        self._artifact = first.artifact if first.has_prefix else None
        self._kind: GraphKind | None = None
        self._number: int | None = None
        self._inputs: list[LoggedValue] = []
        self._outputs: list[LoggedValue] | None = None
        self._sizes: dict[str, str] = {}
        self._dtypes: dict[str, str] = {}
        self._symbols: dict[str, str] = {}
        self._call_indent: int | None = None
        self._statement: list[LogLine] = []
        self._is_last = False
        self._is_in_string = False
        self.feed(first)

    def feed(self, line: LogLine) -> bool:
        if self.is_done or not self._belongs(line):
            return False
        self.lines.add(line)
        self._read(line)
        return True

    def _belongs(self, line: LogLine) -> bool:
        text = line.text
        if self._artifact is not None:
            is_next = text.startswith("Output code") or (bool(self.lines.runs) and "# AOT ID:" in text)
            return line.artifact == self._artifact and not is_next
        if self._is_last:
            return text[:1].isspace()
        if text[:1].isspace() or not text or self._is_in_string:
            return True
        return _MODULE_LEVEL.match(text) is not None and not (bool(self.lines.runs) and "# AOT ID:" in text)

    def _read(self, line: LogLine) -> None:
        text = line.text
        if self._statement:
            self._statement.append(line)
            if not self._is_open():
                self._finish()
            return
        if text.count("'''") % 2 == 1:
            self._is_in_string = not self._is_in_string
            return
        if self._is_in_string or not text or text.isspace():
            return
        indent = len(text) - len(text.lstrip())
        stripped = text[indent:]
        if stripped.startswith("# AOT ID:") and (found := _AOT_ID.match(stripped)) is not None:
            kind = found[2]
            self._number = int(found[1])
            self._kind = "forward" if kind == "forward" else "backward" if kind == "backward" else "inference"
        elif stripped.startswith("def call("):
            self._call_indent = indent
        elif stripped.startswith("if __name__"):
            self._is_last = True
        elif self._call_indent is not None and indent <= self._call_indent:
            self._call_indent = None
        if self._call_indent is not None and indent > self._call_indent:
            self._read_call(line, stripped)
        elif "rand_strided(" in text and (found := _EXAMPLE.match(text)) is not None:
            self._sizes.setdefault(found[1], found[2])
            self._dtypes[found[1]] = found[3]

    def _read_call(self, line: LogLine, stripped: str) -> None:
        text = line.text
        if not self._inputs and " = args" in text and (_UNPACKED.match(text) is not None):
            self._inputs = flattened(Statement.of([line]))
        elif not self._inputs and re.match(r"[A-Za-z_]\w*,", stripped):
            self._statement = [line]
        elif stripped.startswith("return"):
            self._statement = [line]
            if not is_open(text):
                self._finish()
        elif stripped.startswith("assert_size_stride(") and (found := _SIZES.match(text)) is not None:
            self._sizes[found[1]] = found[2]
        elif (found := _SYMBOL.match(text)) is not None:
            self._symbols[found[2]] = found[1]

    def _is_open(self) -> bool:
        text = "".join(line.text for line in self._statement)
        if text.lstrip().startswith("return"):
            return is_open(text)
        return " = args" not in text and len(self._statement) < 500

    def _finish(self) -> None:
        statement = Statement.of(self._statement)
        self._statement = []
        if statement.text.lstrip().startswith("return"):
            if self._outputs is None and self._inputs:
                self._outputs = list(returned(statement))
        elif " = args" in statement.text:
            self._inputs = flattened(statement)

    def graph(self) -> LoggedGraph | None:
        if not self._inputs:
            return None
        inputs = [replace(value, type=self._type(value.node or "")) for value in self._inputs]
        types = {value.node: value.type for value in inputs}
        kind = self._kind or kind_of(self.heading, inputs, self._outputs or [], None)
        return LoggedGraph(
            kind,
            self.heading.compile,
            self.lines.runs[0][0],
            self.lines.last,
            inputs,
            [replace(value, type=types.get(value.node)) for value in self._outputs or []],
            convention_of(self.heading, kind, inputs),
            "Output code",
            (),
            self._number,
            "inductor",
            tuple(self.lines.runs),
            self._outputs is not None,
        )

    def _type(self, node: str) -> str | None:
        if node in self._symbols:
            return f"Sym({self._symbols[node]})"
        if node not in self._sizes:
            return None
        dtype = self._dtypes.get(node)
        sizes = ", ".join(size.strip() for size in self._sizes[node].split(",") if size.strip())
        return f"{DTYPES.get(dtype or '', dtype or '')}[{sizes}]"
