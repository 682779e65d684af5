"""The open documents: their text, syntax tree and definitions, and where things were before the edits.

Lines and columns are 1-based, columns in Unicode code points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tree_sitter import Node, Point, Tree

from aotlens.syntax.definitions import Definition, Found, found_in
from aotlens.syntax.source_text import is_python
from aotlens_tracer.wire.places import Span

from .edits import Edit, apply, smallest_edit
from .history import History
from .lines import Lines, nearest_position, split_keeping_ends
from .parsing import ParsedText, parse
from .steady import with_lost
from .uris import SCHEME, path_of, uri_of

if TYPE_CHECKING:
    from aotlens.syntax.step_places import StepPlace

STEP_WORDS = ("backward(", "training_step", "compute_loss", "Trainer(")
"""A text without any of these words has no training step."""
MOST_CHARACTERS = 1_400_000
MOST_LINES = 40_000
"""Python code with more characters or lines is not read: its tree takes a hundred times the memory of the text. The
longest file of torch has 27,820 lines and 1,376,254 characters."""
LARGE = 100_000
"""Python code with more characters is read in another thread, and so are the answers about it found there."""


class Document:
    """An open document at one version. Immutable: an edit makes another document.

    `path` is the absolute path of its file, or its URI if it has no file. `language` is the client's id of its
    language, empty if there is none. `is_python` says that it is Python code, which a text of the server is not.
    `is_large` says that it takes long to read, so that it is not read on the event loop. If it would take too long, it
    has no definitions, `is_unread` says so, and the next versions count as large.
    """

    def __init__(self, uri: str, path: str, version: int, text: str, language: str = "") -> None:
        self.uri = uri
        self.path = path
        self.language = language
        self.is_python = is_python(path, language) and not uri.startswith(f"{SCHEME}:")
        self._raw = split_keeping_ends(text)  # never changed in place
        self._text: str | None = text
        self.is_large = self.is_python and len(text) > LARGE
        self._history = History(version)
        self._parsed: ParsedText | None = None
        self._found: Found | None = None
        self._definitions: Sequence[Definition] | None = None
        self._steps: Sequence[StepPlace] | None = None
        # The same of the nearest earlier version for which they were computed: the next ones are derived from them.
        self._parsed_before: ParsedText | None = None
        self._found_before: Found | None = None
        self._definitions_before: tuple[int, Sequence[Definition]] | None = None  # with the version

    def __repr__(self) -> str:
        return f"Document({self.uri!r}, version={self.version}, {self.line_count} lines)"

    @property
    def version(self) -> int:
        """The version of the text. It grows with every change."""
        return self._history.version

    @property
    def text(self) -> str:
        """The whole text."""
        if self._text is None:
            self._text = "".join(self._raw)
        return self._text

    @property
    def lines(self) -> Sequence[str]:
        """The lines without their ends. The last one is empty if the text ends with a line end."""
        return Lines(self._raw)

    @property
    def line_count(self) -> int:
        """The number of lines; at least one."""
        return len(self._raw)

    @property
    def definitions(self) -> Sequence[Definition]:
        """The classes and functions, with the examples pinned above them. Computed on first use.

        While the text does not parse, those that the parser lost are included.
        """
        if self._definitions is None:
            # Two threads may be here: each computes the same, from what it has seen.
            found = found_in(self.tree, self.lines, self._found_before)
            definitions: Sequence[Definition] = found.definitions
            known = self._definitions_before
            if known is not None and self.tree.root_node.has_error:
                version, before = known
                definitions = with_lost(definitions, before, lambda line: self._line_now(version, line), self.lines)
            self._found, self._found_before = found, None
            self._definitions, self._definitions_before = definitions, None
        return self._definitions

    @property
    def steps(self) -> Sequence[StepPlace]:
        """The training steps, in the order of the text. Computed on first use."""
        if self._steps is None:
            self._steps = ()
            if self.is_python and any(word in self.text for word in STEP_WORDS):
                from aotlens.syntax.step_places import step_places

                self._steps = tuple(step_places(self.tree))
        return self._steps

    def _line_now(self, version: int, line: int) -> int | None:
        """Return the line of today for a line of the text at `version`; None if it is gone."""
        now = self._history.line_now(version, line)
        return now if now is not None and self._has(now, 1) else None

    @property
    def tree(self) -> Tree:
        """The syntax tree of the text as UTF-8. Its rows are the document's lines. Parsed on first use.

        The tree of any other text than Python is empty: a log may have millions of lines.
        """
        parsed = self._parsed
        if parsed is None:
            text = self.text if self.is_python else ""
            parsed = parse(text, self._parsed_before)
            self._parsed, self._parsed_before = parsed, None
        return parsed.tree

    @property
    def is_unread(self) -> bool:
        """Whether the text turned out to take too long to parse. Its tree is nothing but an error."""
        return self._parsed is not None and self._parsed.is_unread

    @property
    def is_read(self) -> bool:
        """Whether tree, definitions and steps are at hand without delay. Those of a large document have to be read."""
        return not self.is_large or self._steps is not None

    def read(self) -> None:
        """Compute tree, definitions and steps. May be called in any thread."""
        _ = self.definitions, self.steps

    def line(self, number: int) -> str:
        """Return a line without its end; empty if the document has no such line."""
        return self._raw[number - 1].rstrip("\r\n") if 1 <= number <= len(self._raw) else ""

    def text_in(self, span: Span) -> str:
        """Return the text in a span with columns, in one line."""
        last = span.end_line or span.line
        lines = [self.line(number) for number in range(span.line, last + 1)]
        lines[-1] = lines[-1][: (span.end_column or len(lines[-1]) + 1) - 1]
        lines[0] = lines[0][(span.column or 1) - 1 :]
        return " ".join(" ".join(lines).split())

    def clamp(self, line: int, column: int) -> tuple[int, int]:
        """Return the nearest position inside the text, as `nearest_position` does."""
        return nearest_position(self._raw, line, column)

    def point(self, line: int, column: int) -> Point:
        """Return a position as tree-sitter counts: 0-based, the column in bytes."""
        line, column = self.clamp(line, column)
        point: Point = Point(line - 1, len(self.line(line)[: column - 1].encode("utf-8", "surrogatepass")))
        return point

    def node_at(self, line: int, column: int) -> Node | None:
        """Return the smallest named node of the tree at a position."""
        point = self.point(line, column)
        return self.tree.root_node.named_descendant_for_point_range(point, point)

    def span_of(self, node: Node) -> Span:
        """Return the span of a node of the tree."""
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
        """Return the document after edits; each edit refers to the text that the one before it left.

        A string replaces the whole text. `version` must not be smaller than this document's.
        """
        raw = self._raw.copy()
        applied = []
        for edit in edits:
            if isinstance(edit, str):
                edit = smallest_edit("".join(raw), edit)
            applied.append(apply(raw, edit, self.version))
        after = Document.__new__(Document)
        after.uri, after.path, after.language = self.uri, self.path, self.language
        after.is_python = self.is_python
        after._raw = raw
        after._text = None
        after._history = self._history.followed_by(applied, version)
        before = self._parsed or self._parsed_before
        was_unread = before is not None and before.is_unread
        after.is_large = self.is_python and (was_unread or sum(map(len, raw)) > LARGE)
        after._parsed = after._found = after._definitions = after._steps = None
        after._parsed_before = before
        after._found_before = self._found or self._found_before
        known = (self.version, self._definitions) if self._definitions is not None else None
        after._definitions_before = known or self._definitions_before
        return after

    def carry(self, version: int, span: Span) -> Span | None:
        """Return the place in this text of a span of the text at `version`.

        None means that an edit has touched the span, or that the edits since are no longer remembered. A span without a
        column is its line from the first to the last non-blank character; one without an end is the character at its
        start.
        """
        now = self._history.carry(version, span)
        if now is None or not self._has(now.line, now.column):
            return None
        if now.end_line is not None and not self._has(now.end_line, now.end_column):
            return None
        return replace(now, end_line=None) if span.end_line is None else now

    def back(self, version: int, line: int, column: int) -> tuple[int, int] | None:
        """Return where the character at a position was in the text at `version`.

        None means that the character is newer, or that the edits since are no longer remembered.
        """
        return self._history.back(version, line, column) if self._has(line, column) else None

    def _has(self, line: int, column: int | None) -> bool:
        """Return whether the text has this position. The end of a line is a position."""
        if not 1 <= line <= len(self._raw):
            return False
        return column is None or 1 <= column <= len(self.line(line)) + 1


class NotOpen(LookupError):
    """A document that is not open was changed."""


class Documents:
    """The open documents by path. Two spellings of one URI mean the same document.

    Python code that is too large counts as a file that is not open: its text is not kept.
    """

    def __init__(self) -> None:
        self._by_path: Mapping[str, Document] = MappingProxyType({})
        self._sizes: dict[str, int] = {}
        self._too_large: dict[str, tuple[int, str]] = {}  # with the version and the language

    @property
    def by_path(self) -> Mapping[str, Document]:
        """The documents as they are now. The mapping does not change later."""
        return self._by_path

    def get(self, uri: str) -> Document | None:
        """Return an open document; None if it is not open."""
        return self._by_path.get(path_of(uri))

    def is_too_large(self, uri: str) -> bool:
        """Whether the client has a document open that is not read, because it is too large."""
        return path_of(uri) in self._too_large

    def open(self, uri: str, version: int, text: str, language: str = "") -> Document | None:
        """Add a document that was opened. None if it is too large."""
        path = path_of(uri)
        self._remove(path)
        if is_python(path, language) and (len(text) > MOST_CHARACTERS or text.count("\n") >= MOST_LINES):
            self._too_large[path] = version, language
            return None
        self._sizes[path] = len(text)
        return self._put(Document(uri, path, version, text, language))

    def change(
        self, uri: str, version: int | None, edits: Iterable[Callable[[Document], Edit | str] | Edit | str]
    ) -> Document | None:
        """Apply edits to a document. A function among them receives the document that the edit before it left.

        Some clients send a version that does not grow; the next number replaces it. None if the document is too large;
        it is read again once its text is replaced as a whole. Raises NotOpen.
        """
        document = self.get(uri)
        if document is None:
            return self._replaced(uri, version, edits)
        if version is None or version <= document.version:
            version = document.version + 1
        size = self._sizes.get(document.path, 0)
        for edit in edits:
            edit = edit(document) if callable(edit) else edit
            document = document.changed(document.version, [edit])
            size += len(edit if isinstance(edit, str) else edit.text)
        if document.is_python and (size > MOST_CHARACTERS or document.line_count > MOST_LINES):
            size = len(document.text)  # it was the most that it can be
            if size > MOST_CHARACTERS or document.line_count > MOST_LINES:
                self._remove(document.path)
                self._too_large[document.path] = version, document.language
                return None
        self._sizes[document.path] = size
        return self._put(document.changed(version, ()))

    def _replaced(
        self, uri: str, version: int | None, edits: Iterable[Callable[[Document], Edit | str] | Edit | str]
    ) -> Document | None:
        """Apply edits to a document that is too large: those after its text was replaced as a whole."""
        path = path_of(uri)
        if path not in self._too_large:
            raise NotOpen(uri)
        before, language = self._too_large[path]
        nothing = Document(uri, path, before, "", language)
        document = None
        for edit in edits:
            edit = edit(document or nothing) if callable(edit) else edit
            if isinstance(edit, str):
                document = self.open(uri, before, edit, language)
            elif document is not None:
                document = document.changed(before, [edit])
        version = version if version is not None and version > before else before + 1
        if document is None:
            self._too_large[path] = version, language
            return None
        return self._put(document.changed(version, ()))

    def close(self, uri: str) -> Document | None:
        """Remove a document that was closed and return it; None if it was not open."""
        return self._remove(path_of(uri))

    def uri_of(self, path: str) -> str:
        """Return the URI of a path; for an open document the URI that the client uses."""
        document = self._by_path.get(path)
        return document.uri if document is not None else uri_of(path)

    def _remove(self, path: str) -> Document | None:
        self._sizes.pop(path, None)
        self._too_large.pop(path, None)
        by_path = dict(self._by_path)
        document = by_path.pop(path, None)
        self._by_path = MappingProxyType(by_path)
        return document

    def _put(self, document: Document) -> Document:
        self._by_path = MappingProxyType({**self._by_path, document.path: document})
        return document
