"""Graphs that are printed as Python code: `print_readable()`, `gm.code`, and torch's logs of graphs."""

from __future__ import annotations

import re
from dataclasses import replace

from .builders import Heading, Lines
from .graphs import LoggedGraph, LoggedOperation, LoggedValue, SourceLine
from .kinds import convention_of, kind_of, number_in
from .log_lines import LogLine
from .statements import Statement, arguments, depth, flattened, operation, returned, source_line, typed_names

_SIGNATURE_END = re.compile(r"\)\s*(?:->.*)?:\s*(?:#.*)?$")
_ONLY_TYPES = re.compile(r'\s*[A-Za-z_]\w*\s*:\s*"')
_STARTS_STATEMENT = re.compile(r"\s*(?:[A-Za-z_]\w*\s*(?::[^=]*)?=(?!=)|return\b|#|def |class )")
_GRAPH_INPUT = re.compile(r"(?:primals|tangents)_\d+|arg\d+_\d+|L_\w+|l_\w+_|[sf]\d+")
_CLASS = re.compile(r"class ([\w<>]+)\(torch\.nn\.Module\):")
_MARK = re.compile(r"[>*+!-]{1,9}(?=\s+\w+\s*(?::|=))")
_COMPILED_AUTOGRAD = "CompiledAutograd"
_NUMBER = re.compile(r"(?:primals|tangents)_\d+|arg\d+_\d+")
_LONGEST_STATEMENT = 5000
"""The lines of one statement, at most: what is longer is a text that was cut."""


class CodeBuilder:
    """Reads one graph from its `class` or its `def forward` line on."""

    def __init__(self, heading: Heading, first: LogLine, is_body: bool) -> None:
        self.heading = heading
        self.lines = Lines()
        self.is_done = False
        self.indent = len(first.text) - len(first.text.lstrip())
        self._is_body = is_body
        self._class: str | None = None
        self._signature: list[LogLine] = []
        self._has_signature = False
        self._statement: list[LogLine] = []
        self._depth = self._quotes = 0
        self._body_indent: int | None = None
        self._made: SourceLine | None = None
        self._inputs: list[LoggedValue] = []
        self._types: dict[str, LoggedValue] = {}
        self._aliases: dict[str, str] = {}
        self._operations: list[LoggedOperation] = []
        self._known: set[str] = set()
        self._outputs: list[LoggedValue] | None = None
        self._is_proven = heading.is_traced or heading.is_exported or is_body
        self.feed(first)

    def feed(self, line: LogLine) -> bool:
        if self._reads(line):
            self.lines.add(line)
            return True
        return False

    def _reads(self, line: LogLine) -> bool:
        if self.is_done:
            return False
        if self._has_signature:
            return self._reads_body(line)
        if self._signature:
            return self._reads_signature(line)
        text = line.text
        if "def forward(" in text:
            return self._reads_signature(line)
        if (found := _CLASS.search(text)) is not None and self._class is None:
            self._class = found[1]
            return True
        stripped = text.strip()
        return (not stripped or stripped.startswith("#")) and self._class is not None

    def _reads_signature(self, line: LogLine) -> bool:
        self._signature.append(line)
        if len(self._signature) > _LONGEST_STATEMENT:
            return False
        if _SIGNATURE_END.search(line.text) is not None:
            statement = Statement.of(self._signature)
            self._has_signature = True
            self._inputs = arguments(statement)
            self._is_proven |= '"' in statement.text or any(
                _GRAPH_INPUT.fullmatch(value.node or "") for value in self._inputs
            )
            self._known.update(value.node for value in self._inputs if value.node is not None)
        return True

    def _reads_body(self, line: LogLine) -> bool:
        text = line.text
        stripped = text.strip()
        if self._statement:
            if self._continues(text):
                self._append(line)
                return True
            self._finish_statement()
            if self.is_done:
                return False
        if not stripped:
            return True
        if (mark := _MARK.match(text)) is not None:
            text = line.text = " " * mark.end() + text[mark.end() :]  # somebody pointed at the line
            stripped = text.strip()
        indent = len(text) - len(text.lstrip())
        if stripped[0] == "#":
            if not indent:
                return False
            if "File: " in stripped:
                self._made = source_line(stripped)
                self._is_proven = True
            elif stripped.startswith("# No stacktrace"):
                self._made = None
                self._is_proven = True
            return True
        if self._body_indent is None:
            self._body_indent = indent
        if (indent < self._body_indent and mark is None) or stripped.startswith("class "):
            return False
        self._append(line)
        return True

    def _continues(self, text: str) -> bool:
        """Whether a line goes on with the statement before it. A string may hold a bracket: a new statement ends it."""
        return (
            self._is_open
            and len(self._statement) < _LONGEST_STATEMENT
            and (self._is_return or _STARTS_STATEMENT.match(text) is None)
        )

    @property
    def _is_open(self) -> bool:
        return self._depth > 0 or self._quotes % 2 == 1

    @property
    def _is_return(self) -> bool:
        return self._statement[0].text.lstrip().startswith("return")

    def _append(self, line: LogLine) -> None:
        """Add a line to the statement. A `return` ends with its last bracket, other statements with the next line."""
        self._statement.append(line)
        code = line.text.partition("  # ")[0]
        self._depth += depth(code)
        self._quotes += code.count('"')
        if self._is_return and self._depth <= 0:
            self._finish_statement()

    def _finish_statement(self) -> None:
        statement = Statement.of(self._statement)
        self._statement, self._depth, self._quotes = [], 0, 0
        text = statement.text.strip()
        if text.startswith("return"):
            self._outputs = list(returned(statement))
            self.is_done = True
        elif " = fx_pytree." in text:
            self._inputs = flattened(statement)
            self._known.update(value.node for value in self._inputs if value.node is not None)
            self._is_proven = True
        elif _ONLY_TYPES.match(text) and '" = ' not in text:
            self._types.update({value.node or "": value for value in typed_names(statement)})
        elif (found := operation(statement, self._known, self._made)) is not None:
            self._add(found, text)

    def _add(self, found: LoggedOperation, text: str) -> None:
        if found.target in self._known and not self._operations and found.target == text.rpartition("= ")[2]:
            self._aliases[found.node] = found.target
            self._known.add(found.node)
            return
        self._is_proven |= "torch.ops." in found.target or text.endswith("= None")
        self._known.add(found.node)
        reads = tuple(self._aliases.get(node, node) for node in found.reads)
        self._operations.append(replace(found, reads=reads))

    def graph(self) -> LoggedGraph | None:
        if self._statement:
            self._finish_statement()
        if not self._is_proven or not self._has_signature:
            return None
        if (self._class or "").startswith(_COMPILED_AUTOGRAD):
            self._unpack_inputs()
        inputs = [self._typed(value) for value in self._inputs]
        if not self._operations and not self._outputs and all(map(_is_bare_number, inputs)):
            return None  # a signature in passing: any graph may have these numbers
        outputs = self._outputs or []
        types = {made.node: made.type for made in self._operations} | {value.node: value.type for value in inputs}
        outputs = [replace(value, type=types.get(value.node)) if value.node else value for value in outputs]
        kind = "body" if self._is_body else kind_of(self.heading, inputs, outputs, self._class)
        return LoggedGraph(
            kind,
            self.heading.compile,
            self.lines.runs[0][0],
            self.lines.last,
            inputs,
            outputs,
            convention_of(self.heading, kind, inputs),
            self.heading.title,
            tuple(self._operations),
            number_in(self.heading.title),
            "code",
            tuple(self.lines.runs),
            self._outputs is not None,
            {},
            self._aliases,
        )

    def _unpack_inputs(self) -> None:
        """Take `inputs[0]`, `inputs[1]`, … of compiled autograd's graphs as their inputs: those have names."""
        unpacked = [made for made in self._operations if made.target == "getitem" and made.reads == ("inputs",)]
        if unpacked:
            self._inputs = [LoggedValue(made.node, made.type, None, None, made.place) for made in unpacked]
            self._operations = [made for made in self._operations if made not in unpacked]

    def _typed(self, value: LoggedValue) -> LoggedValue:
        known = self._types.get(value.node or "")
        return value if known is None else replace(known, place=value.place if known.place is None else known.place)


def _is_bare_number(value: LoggedValue) -> bool:
    """Whether an input has nothing but its number."""
    return not (value.type or value.descriptor or value.source) and _NUMBER.fullmatch(value.node or "") is not None
