"""The open documents: their text, its syntax tree, and where things were before the edits.

A document is immutable: an edit makes another one. Lines and columns are 1-based, columns in Unicode code points.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple, TypeVar, overload
from urllib.parse import quote, unquote

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Point, Tree

from aotlens.syntax.definitions import Definition, Found, found_in
from aotlens_tracer.wire.descriptor_map import Span

HISTORY_LIMIT = 10_000
"""How many edits a document remembers. What was there before more of them than that is not found again."""
_CARRIED = 16
"""Of so many past versions, those asked for last, the edits since are kept joined from one edit to the next."""

SCHEME = "aotlens"
"""Of the URIs of documents whose text comes from the server: they are no source."""
_PYTHON = Language(tree_sitter_python.language())
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_FILE_URI = re.compile(r"file:(?://(?P<host>[^/?#]*))?(?P<path>/[^?#]*)", re.IGNORECASE)
_Text = TypeVar("_Text", str, bytes)


@dataclass(frozen=True)
class Edit:
    """The text from start to end (exclusive) is replaced. A position outside the text means the nearest one inside."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int
    text: str


class _Past(NamedTuple):
    """An edit of the past: what lay from `start` to `end` lies from `start` to `new_end` since.

    `version` is that of the text before it. In that text, `head_blank` says that only blanks came before `end` in its
    line, and `tail_blank` that only blanks came after `start` in its line.
    """

    version: int
    start: tuple[int, int]
    end: tuple[int, int]
    new_end: tuple[int, int]
    head_blank: bool
    tail_blank: bool


class Document:
    r"""An open document at one version. Immutable.

    `path` is its file's absolute path, or its URI where it is no file. Only \n, \r\n and \r end a line.
    """

    def __init__(self, uri: str, path: str, version: int, text: str) -> None:
        self.uri = uri
        self.path = path
        self.version = version
        self._raw = _split(text)  # the lines with their ends; never changed in place
        self._text: str | None = text
        self._past: tuple[_Past, ...] = ()
        self._known_since = version
        self._since_version: dict[int, list[_Past]] = {}
        # The parsed text, and that of the nearest version before this one that anybody asked to be parsed.
        self._parsed: tuple[bytes, Tree] | None = None
        self._parsed_before: tuple[bytes, Tree] | None = None
        # The definitions, and those of the nearest version before this one that anybody asked for them.
        self._found: Found | None = None
        self._found_before: Found | None = None

    def __repr__(self) -> str:
        return f"Document({self.uri!r}, version={self.version}, {self.line_count} lines)"

    @property
    def text(self) -> str:
        """The whole text."""
        if self._text is None:
            self._text = "".join(self._raw)
        return self._text

    @property
    def lines(self) -> Sequence[str]:
        """The lines without their ends. The last one is empty where the text ends with a line end."""
        return _Lines(self._raw)

    @property
    def line_count(self) -> int:
        """How many lines there are; at least one."""
        return len(self._raw)

    @property
    def definitions(self) -> Sequence[Definition]:
        """Its classes and functions, with the examples pinned above them. Found when first asked for."""
        if self._found is None:
            self._found, self._found_before = found_in(self.tree, self.lines, self._found_before), None
        return self._found.definitions

    @property
    def tree(self) -> Tree:
        """The syntax tree of the text, as UTF-8. Its rows are the document's lines; that of our own text is empty.

        Parsed when first asked for, from the last tree that there was before.
        """
        if self._parsed is None:
            text = "" if self.uri.startswith(f"{SCHEME}:") else self.text
            # tree-sitter takes no \r for a line end; as \n its rows are ours, and Python agrees.
            source = _LONE_RETURN.sub(b"\n", text.encode("utf-8", "surrogatepass"))
            before = self._parsed_before
            parser = Parser(_PYTHON)
            tree = parser.parse(source) if before is None else parser.parse(source, _edited(*before, source))
            self._parsed, self._parsed_before = (source, tree), None
        return self._parsed[1]

    def line(self, number: int) -> str:
        """A line without its end; empty where the document has no such line."""
        return self._raw[number - 1].rstrip("\r\n") if 1 <= number <= len(self._raw) else ""

    def clamp(self, line: int, column: int) -> tuple[int, int]:
        """The nearest position inside the text: past a line's end its end, past the last line the end of the text."""
        if line < 1:
            return 1, 1
        if line > len(self._raw):
            return len(self._raw), len(self._raw[-1]) + 1
        return line, max(1, min(column, len(self.line(line)) + 1))

    def point(self, line: int, column: int) -> Point:
        """A position as tree-sitter has it: 0-based, the column in bytes."""
        line, column = self.clamp(line, column)
        return Point(line - 1, len(self.line(line)[: column - 1].encode("utf-8", "surrogatepass")))

    def node_at(self, line: int, column: int) -> Node | None:
        """The smallest named node of the tree at a position."""
        point = self.point(line, column)
        return self.tree.root_node.named_descendant_for_point_range(point, point)

    def span_of(self, node: Node) -> Span:
        """Where a node of the tree is."""
        line, column = self._position_of(node.start_point)
        end_line, end_column = self._position_of(node.end_point)
        return Span(self.path, line, column, end_line, end_column)

    def _position_of(self, point: Point) -> tuple[int, int]:
        text = self.line(point.row + 1)
        if text.isascii():
            return point.row + 1, min(point.column, len(text)) + 1
        head = text.encode("utf-8", "surrogatepass")[: point.column]
        return point.row + 1, len(head.decode("utf-8", "surrogatepass")) + 1

    def changed(self, version: int, edits: Iterable[Edit | str]) -> Document:
        """The document after edits, of which each sees the text that the one before it left.

        A string replaces the whole text. `version` must not be smaller than this document's.
        """
        raw = self._raw.copy()
        past = []
        for edit in edits:
            if isinstance(edit, str):
                edit = _replacement("".join(raw), edit)
            past.append(_splice(raw, edit, self.version))
        after = Document.__new__(Document)
        after.uri, after.path, after.version = self.uri, self.path, version
        after._raw = raw
        after._text = None
        after._past = (*self._past, *past)
        carried = list(self._since_version.items())[-_CARRIED:]
        after._since_version = {since: _followed(edits, past) for since, edits in carried}
        after._known_since = self._known_since
        if (surplus := len(after._past) - HISTORY_LIMIT) > 0:
            after._known_since = after._past[surplus - 1].version + 1
            after._past = after._past[surplus:]
        after._parsed = None
        after._parsed_before = self._parsed or self._parsed_before
        after._found = None
        after._found_before = self._found or self._found_before
        return after

    def carry(self, version: int, span: Span) -> Span | None:
        """Where a span of the text at `version` is now; None where an edit has touched it, or nobody remembers.

        A span without a column is its line from the first to the last character that is no blank; one without an end
        is the character at its start.
        """
        if not self._known_since <= version <= self.version:
            return None
        line, column, end_line, end_column = span.line, span.column, span.end_line, span.end_column
        if end_line is None and (column is None or end_column is not None):
            end_line = line
        for _, start, end, new_end, head_blank, tail_blank in self._since(version):
            if start[0] > line and (end_line is None or start[0] > end_line):
                continue
            if end[0] < line or (end[0] == line and (head_blank if column is None else end[1] <= column)):
                right = new_end[1] - end[1]
                if end_column is not None and end_line == end[0]:
                    end_column += right
                if column is not None and line == end[0]:
                    column += right
                down = new_end[0] - end[0]
                line += down
                end_line = None if end_line is None else end_line + down
            elif end_line is None:
                if column is None or start <= (line, column):
                    return None
            elif start[0] < end_line or not (tail_blank if end_column is None else start[1] >= end_column):
                return None
        if not self._has(line, column) or (end_line is not None and not self._has(end_line, end_column)):
            return None
        if span.end_line is None:
            end_line = None
        return replace(span, line=line, column=column, end_line=end_line, end_column=end_column)

    def back(self, version: int, line: int, column: int) -> tuple[int, int] | None:
        """Where the character at a position was in the text at `version`; None if it is newer, or nobody remembers."""
        if not self._known_since <= version <= self.version or not self._has(line, column):
            return None
        position = (line, column)
        for past in reversed(self._since(version)):
            if position < past.start:
                continue
            if position < past.new_end:
                return None
            position = _moved(position, past.new_end, past.end)
        return position

    def _since(self, version: int) -> list[_Past]:
        """The edits since the text at `version`. Those that touch are one, so that typing a word is."""
        if version not in self._since_version:
            self._since_version[version] = _followed([], self._past[bisect_left(self._past, (version,)) :])
        return self._since_version[version]

    def _has(self, line: int, column: int | None) -> bool:
        """Whether there is such a position; the end of a line is one."""
        if not 1 <= line <= len(self._raw):
            return False
        return column is None or 1 <= column <= len(self.line(line)) + 1


class _Lines(Sequence[str]):
    """Lines without their ends, which each is only rid of when it is looked at."""

    def __init__(self, raw: list[str]) -> None:
        self._raw = raw

    def __len__(self) -> int:
        return len(self._raw)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(_Lines(self._raw[index]))
        return self._raw[index].rstrip("\r\n")

    def __iter__(self) -> Iterator[str]:
        return (line.rstrip("\r\n") for line in self._raw)


def _split(text: str) -> list[str]:
    """The lines with their ends. The last one has none, and is empty where the text ends with a line end."""
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


def _splice(raw: list[str], edit: Edit, version: int) -> _Past:
    r"""Apply an edit to the lines, and say what it did.

    A \r and a \n that come to lie side by side are one line end from then on. The edit then counts as having replaced
    both, so that what is remembered of it never points between them.
    """
    start, end = _inside(raw, edit.start_line, edit.start_column), _inside(raw, edit.end_line, edit.end_column)
    if end < start:
        start, end = end, start
    first, last = start[0] - 1, end[0] - 1
    head_blank = not raw[last][: end[1] - 1].strip()
    tail_blank = not raw[first][start[1] - 1 :].strip()
    before, after = raw[first][: start[1] - 1], raw[last][end[1] - 1 :]
    if not before and first > 0 and raw[first - 1].endswith("\r"):
        first -= 1
        before = raw[first]
    region = before + edit.text + after
    lines = _split(region)
    if last + 1 < len(raw):
        lines.pop()  # the region ends with the end of the line `last`: there is nothing behind it
    changed = len(before) + len(edit.text)
    if before.endswith("\r") and region.startswith("\n", len(before)):
        start, tail_blank = (first + 1, len(before)), True
    if changed and region.startswith("\r\n", changed - 1):
        end, head_blank = (last + 2, 1), True
        changed += 1
    raw[first : last + 1] = lines
    row = first
    while changed > len(raw[row]) or (changed == len(raw[row]) and raw[row].endswith(("\r", "\n"))):
        changed -= len(raw[row])
        row += 1
    return _Past(version, start, end, (row + 1, changed + 1), head_blank, tail_blank)


def _followed(edits: Sequence[_Past], more: Iterable[_Past]) -> list[_Past]:
    """Edits and those after them, each joined with the one before it where they touch."""
    followed = list(edits)
    for past in more:
        joined = _joined(followed[-1], past) if followed else None
        if joined is None:
            followed.append(past)
        else:
            followed[-1] = joined
    return followed


def _joined(first: _Past, second: _Past) -> _Past | None:
    """Two edits, one after the other, as one; None where they do not touch."""
    _, start, end, middle, head_blank, tail_blank = first
    if second.end < start or middle < second.start:
        return None
    new_end = second.new_end if second.end >= middle else _moved(middle, second.end, second.new_end)
    if second.start < start:
        start, tail_blank = second.start, tail_blank and second.tail_blank
    if second.end > middle:
        end, head_blank = _moved(second.end, middle, end), head_blank and second.head_blank
    return _Past(first.version, start, end, new_end, head_blank, tail_blank)


def _moved(position: tuple[int, int], old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int]:
    """Where a position is when what ended at `old` ends at `new`."""
    line, column = position
    return line + new[0] - old[0], column + new[1] - old[1] if line == old[0] else column


def _inside(raw: list[str], line: int, column: int) -> tuple[int, int]:
    """The nearest position inside the text."""
    if line < 1:
        return 1, 1
    if line > len(raw):
        return len(raw), len(raw[-1]) + 1
    return line, max(1, min(column, len(raw[line - 1].rstrip("\r\n")) + 1))


def _replacement(old: str, new: str) -> Edit:
    """The smallest edit that makes one text into another: what is before and after it keeps its place."""
    start, tail = _common(old, new)
    # No edit may begin or end between \r and \n: there is no such position.
    if start and old[start - 1] == "\r" and (old.startswith("\n", start) or new.startswith("\n", start)):
        start -= 1
    if tail and old[-tail] == "\n" and "\r" in (old[-tail - 1 : -tail], new[-tail - 1 : -tail]):
        tail -= 1
    starts = [0, *accumulate(map(len, _split(old)))]

    def position(offset: int) -> tuple[int, int]:
        line = min(bisect_right(starts, offset), len(starts) - 1)
        return line, offset - starts[line - 1] + 1

    return Edit(*position(start), *position(len(old) - tail), new[start : len(new) - tail])


def _common(old: _Text, new: _Text) -> tuple[int, int]:
    """The lengths of the longest common head, and of the longest common tail that does not overlap it."""
    longest = min(len(old), len(new))
    head, high = 0, longest
    while head < high:
        middle = (head + high + 1) // 2
        if old[head:middle] == new[head:middle]:
            head = middle
        else:
            high = middle - 1
    tail, high = 0, longest - head
    while tail < high:
        middle = (tail + high + 1) // 2
        if old[len(old) - middle : len(old) - tail] == new[len(new) - middle : len(new) - tail]:
            tail = middle
        else:
            high = middle - 1
    return head, tail


def _edited(old: bytes, tree: Tree, new: bytes) -> Tree:
    """A copy of a tree of the old text that tells tree-sitter which part of it the new text replaces."""
    start, tail = _common(old, new)
    while start and (_inside_character(old, start) or _inside_character(new, start)):
        start -= 1
    while tail and _inside_character(new, len(new) - tail):
        tail -= 1
    old_end, new_end = len(old) - tail, len(new) - tail
    tree = tree.copy()
    tree.edit(start, old_end, new_end, _point(old, start), _point(old, old_end), _point(new, new_end))
    return tree


def _inside_character(source: bytes, offset: int) -> bool:
    return offset < len(source) and source[offset] & 0xC0 == 0x80


def _point(source: bytes, offset: int) -> Point:
    return Point(source.count(b"\n", 0, offset), offset - source.rfind(b"\n", 0, offset) - 1)


class NotOpen(LookupError):
    """A document that is not open was changed."""


class Documents:
    """The open documents. Two spellings of a URI are the same document."""

    def __init__(self) -> None:
        self._by_path: Mapping[str, Document] = MappingProxyType({})

    @property
    def by_path(self) -> Mapping[str, Document]:
        """The documents as they are now, by path; later changes do not show in it."""
        return self._by_path

    def get(self, uri: str) -> Document | None:
        """An open document."""
        return self._by_path.get(path_of(uri))

    def open(self, uri: str, version: int, text: str) -> Document:
        """A document was opened."""
        return self._put(Document(uri, path_of(uri), version, text))

    def change(
        self, uri: str, version: int | None, edits: Iterable[Callable[[Document], Edit | str] | Edit | str]
    ) -> Document:
        """A document was changed. A function among the edits is given the document that the edit before it left.

        A version that does not grow, as some clients send it, is replaced by one that does. Raises NotOpen.
        """
        document = self.get(uri)
        if document is None:
            raise NotOpen(uri)
        if version is None or version <= document.version:
            version = document.version + 1
        for edit in edits:
            document = document.changed(document.version, [edit(document) if callable(edit) else edit])
        return self._put(document.changed(version, ()))

    def close(self, uri: str) -> Document | None:
        """A document was closed. Gives what it was; None where it was not open."""
        by_path = dict(self._by_path)
        document = by_path.pop(path_of(uri), None)
        self._by_path = MappingProxyType(by_path)
        return document

    def uri_of(self, path: str) -> str:
        """The URI of a path; of an open document the one that the client uses."""
        document = self._by_path.get(path)
        return document.uri if document is not None else uri_of(path)

    def _put(self, document: Document) -> Document:
        self._by_path = MappingProxyType({**self._by_path, document.path: document})
        return document


def path_of(uri: str) -> str:
    """The absolute path of a `file:` URI; any other URI (`untitled:Untitled-1`) stands for itself."""
    match = _FILE_URI.match(uri)
    if match is None:
        return uri
    path = os.path.normpath("/" + unquote(match["path"], errors="surrogateescape").lstrip("/"))
    host = (match["host"] or "").lower()
    return path if host in ("", "localhost") else f"//{host}{path}"


def uri_of(path: str) -> str:
    """The URI of an absolute path; what `path_of` left as it was stands for itself."""
    if not os.path.isabs(path):
        return path
    return "file://" + quote(os.fsencode(path))
