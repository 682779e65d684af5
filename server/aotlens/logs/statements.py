"""Statements of a printed graph: joined lines, and the names, types and comments in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .graphs import LoggedOperation, LoggedValue, LogPlace, SourceLine
from .log_lines import LogLine

_TYPE = r'(?:"([^"\n]*)"|([A-Za-z_][\w.]*(?:\[[^\]\n]*\]\w*(?::\d+)?)*))'
_ARGUMENT = re.compile(r"(\*{0,2}[A-Za-z_]\w*)(?:\s*:\s*" + _TYPE + r")?(?:\s*=\s*[^,()\n]*)?")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z_]\w*)(?:\s*:\s*" + _TYPE + r")?\s*=(?!=)\s*")
_ANNOTATION = re.compile(r"(?<!\w)([A-Za-z_]\w*)\s*:\s*" + _TYPE + r"\s*(?:;|#|$)")
# A name that `aotlens decode --annotate` wrote may stand behind it.
_COMMENT = re.compile(r"#\s*([A-Z]\w*AOT(?:Input|Output)\([^#\n]*\))\s*(?:#.*)?$")
_FILE = re.compile(r"\s*#\s*File: (.+?):(\d{1,9})(?: in ([^,]+))?(?:, code: ?(.*))?$")
_WORD = re.compile(r"[A-Za-z_]\w*")
_READ = re.compile(r"(?<![\w.])[A-Za-z_]\w*")  # not the `mm` of `torch.ops.aten.mm.default`
_TOKEN = re.compile(r"[\w.]*[(\[{]|[)\]}]|(?<![\w.\"'])(?:[A-Za-z_]\w*(?![\w.=])|\d[\w.]*)")
_NOT_ITEMS = frozenset({"self", "return"})
_LISTS = frozenset({"", "return", "pytree.tree_unflatten"})


@dataclass(frozen=True)
class Statement:
    """A text that may be written on several lines of a log; `starts` are the offsets at which its lines begin in it."""

    text: str
    lines: Sequence[LogLine]
    starts: Sequence[int]

    @classmethod
    def of(cls, lines: Sequence[LogLine], separator: str = "") -> Statement:
        """Lines, joined."""
        starts, offset = [], 0
        for line in lines:
            starts.append(offset)
            offset += len(line.text) + len(separator)
        return cls(separator.join(line.text for line in lines), lines, starts)

    def place(self, start: int, end: int) -> LogPlace:
        """The place of a part of the text. It ends with the line on which it begins."""
        index = bisect_right(self.starts, start) - 1
        line, offset = self.lines[index], self.starts[index]
        return line.place(start - offset, min(end - offset, len(line.text)))


def depth(text: str) -> int:
    """The brackets that a text opens less those that it closes."""
    opened = text.count("(") + text.count("[") + text.count("{")
    return opened - text.count(")") - text.count("]") - text.count("}")


def is_open(text: str) -> bool:
    """Whether a bracket or a string is open at the end of a text."""
    return depth(text) > 0 or text.count('"') % 2 == 1


def source_line(text: str) -> SourceLine | None:
    """The user's line in a comment `# File: …`; None if it is no such comment."""
    found = _FILE.match(text)
    if found is None:
        return None
    return SourceLine(found[1], int(found[2]), found[3], found[4])


def arguments(statement: Statement) -> list[LoggedValue]:
    """The arguments of `def forward(self, …):`, with types, and with descriptors of comments at the ends of lines."""
    text = statement.text
    found: list[LoggedValue] = []
    position = text.index("(") + 1
    for start, end in _parts(statement):
        position = max(position, start)
        comment = _COMMENT.search(text, position, end) if "AOT" in text[position:end] else None
        stop = end if comment is None else comment.start()
        before = len(found)
        while position < stop and text[position] != ")":
            if (match := _ARGUMENT.match(text, position, stop)) is not None:
                if match[1] != "self":
                    place = statement.place(match.start(1), match.end(1))
                    found.append(LoggedValue(match[1], match[2] or match[3], None, None, place))
                position = match.end()
            elif text[position] == "#":
                break
            else:
                position += 1
        if comment is not None and len(found) > before:
            found[-1] = replace(found[-1], descriptor=comment[1])
    return found


def _parts(statement: Statement) -> Iterator[tuple[int, int]]:
    """The parts of a statement with a comment at the end of each: its lines. All of it if it has no comments."""
    if "#" not in statement.text:
        yield 0, len(statement.text)
        return
    yield from zip(statement.starts, [*statement.starts[1:], len(statement.text)], strict=True)


def typed_names(statement: Statement) -> list[LoggedValue]:
    """The inputs of a line that only gives types: `primals_1: "f32[16, 8]"; primals_2: "f32[16]"; `."""
    comment = _COMMENT.search(statement.text) if "AOT" in statement.text else None
    return [
        LoggedValue(
            match[1],
            match[2] or match[3],
            comment[1] if comment is not None else None,
            None,
            statement.place(match.start(1), match.end(1)),
        )
        for match in _ANNOTATION.finditer(statement.text)
    ]


def flattened(statement: Statement) -> list[LoggedValue]:
    """The inputs that `a, b, = fx_pytree.tree_flatten_spec(…)` or `a, b, = args` unpacks, with types if it has them."""
    end = statement.text.rindex("=", 0, _unpacking(statement.text))
    return [
        LoggedValue(match[1], match[2] or match[3], None, None, statement.place(match.start(1), match.end(1)))
        for match in _ARGUMENT.finditer(statement.text, 0, end)
    ]


def _unpacking(text: str) -> int:
    found = text.find("fx_pytree")
    return found if found >= 0 else len(text)


def operation(statement: Statement, known: set[str], made: SourceLine | None) -> LoggedOperation | None:
    """The operation of an assignment; None if the statement assigns nothing. `known` are the nodes before it."""
    text = statement.text
    match = _ASSIGNMENT.match(text)
    if match is None:
        return None
    end = text.find(";", match.end())
    value = text[match.end() : end if end >= 0 else len(text)].partition("  # ")[0].strip()
    reads = list(dict.fromkeys(word[0] for word in _READ.finditer(value) if word[0] in known))
    place = statement.place(match.start(1), match.end(1))
    type_text = match[2] or match[3]
    if made is None:
        return LoggedOperation(match[1], _target(value), type=type_text, reads=reads, place=place)
    return LoggedOperation(
        match[1], _target(value), made.path, made.line, made.function, made.code, type_text, reads, place
    )


def _target(value: str) -> str:
    """The function that an expression calls; the expression itself if it is no call."""
    head, call, _ = value.partition("(")
    if call and re.fullmatch(r"[\w.]+", head):
        return head
    head, item, _ = value.partition("[")
    return "getitem" if item and re.fullmatch(r"\w+", head) else value


def returned(statement: Statement) -> Iterator[LoggedValue]:
    """The outputs of a `return`, with the descriptors of the comments behind them.

    Inductor returns `reinterpret_tensor(buf3, (8, 8), (8, 1), 0)`: that is one output, `buf3`.
    """
    inside: list[bool | None] = []  # for each open bracket: None for a list, else whether a call has had its node
    for start, end in _parts(statement):
        code, hash_mark, comment = statement.text[start:end].partition("#")
        descriptor = comment.partition("  #")[0].strip() if hash_mark and "AOT" in comment else None
        for match in _TOKEN.finditer(code):
            token = match[0]
            if token[0] in ")]}":
                del inside[-1:]
            elif token[-1] in "([{":
                inside.append(None if token[:-1] in _LISTS or _is_spent(inside) else False)
                if _is_spent(inside[:-1]):
                    inside[-1] = True
            elif token not in _NOT_ITEMS and not _is_spent(inside):
                if inside and inside[-1] is False:
                    inside[-1] = True
                place = statement.place(start + match.start(), start + match.end())
                node = None if token == "None" or token[0].isdigit() else token
                yield LoggedValue(node, None, descriptor, None, place)


def _is_spent(inside: Sequence[bool | None]) -> bool:
    """Whether a place is in a call whose node was read."""
    return True in inside
