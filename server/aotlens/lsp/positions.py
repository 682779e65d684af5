"""Converts positions between LSP and documents.

LSP counts from 0, and characters in the encoding agreed upon. Documents count from 1, and columns in code points.
"""

from __future__ import annotations

from typing import Literal

from lsprotocol import types

from aotlens.text.documents import Document
from aotlens.text.edits import Edit
from aotlens_tracer.wire.places import Span

Encoding = Literal["utf-8", "utf-16", "utf-32"]
"""The units in which the client counts the characters of a line."""


def choose_encoding(capabilities: types.ClientCapabilities) -> Encoding:
    """The first encoding that the client offers, except UTF-16, which costs both sides most; else UTF-16."""
    offered = (capabilities.general and capabilities.general.position_encodings) or ()
    for encoding in offered:
        if encoding == "utf-8":
            return "utf-8"
        if encoding == "utf-32":
            return "utf-32"
    return "utf-16"


def column_of(line: str, character: int, encoding: Encoding) -> int:
    """The column of an offset into a line.

    An offset past the end gives the column after the last character; one inside a character gives that character's
    column.
    """
    if encoding == "utf-32" or line.isascii():
        return max(0, min(character, len(line))) + 1
    units = 0
    for index, text in enumerate(line):
        units += _width(text, encoding)
        if units > character:
            return index + 1
    return len(line) + 1


def character_of(line: str, column: int, encoding: Encoding) -> int:
    """The offset of a column into a line; a column past the end gives the length of the line."""
    if encoding == "utf-32" or line.isascii():
        return max(0, min(column - 1, len(line)))
    return sum(_width(text, encoding) for text in line[: max(0, column - 1)])


def _width(text: str, encoding: Encoding) -> int:
    if encoding == "utf-16":
        return 1 + (text > "\uffff")
    return 1 + (text > "\x7f") + (text > "\u07ff") + (text > "\uffff")


def from_position(document: Document, position: types.Position, encoding: Encoding) -> tuple[int, int]:
    """The line and column of an LSP position; for one outside the text, the nearest inside."""
    line = position.line + 1
    if not 1 <= line <= document.line_count:
        return document.clamp(line, 1)
    return line, column_of(document.line(line), position.character, encoding)


def to_position(document: Document, line: int, column: int, encoding: Encoding) -> types.Position:
    """The LSP position of a line and column; for those outside the text, the nearest inside."""
    line, column = document.clamp(line, column)
    return types.Position(line - 1, character_of(document.line(line), column, encoding))


def to_range(document: Document, span: Span, encoding: Encoding) -> types.Range:
    """The LSP range of a span.

    Without a column the range is the line, from its first character that is not a blank; without an end it is empty.
    """
    if span.column is None:
        text = document.line(span.line)
        column = len(text) - len(text.lstrip()) + 1
        end_line, end_column = span.end_line or span.line, span.end_column
    else:
        column = span.column
        end_line, end_column = span.end_line or span.line, span.end_column
        if span.end_line is None and end_column is None:
            end_column = column
    if end_column is None:
        end_column = len(document.line(end_line)) + 1
    start = to_position(document, span.line, column, encoding)
    return types.Range(start, to_position(document, end_line, end_column, encoding))


def from_range(document: Document, range: types.Range, encoding: Encoding) -> Span:
    """The span of an LSP range."""
    line, column = from_position(document, range.start, encoding)
    end_line, end_column = from_position(document, range.end, encoding)
    return Span(document.path, line, column, end_line, end_column)


def to_edit(document: Document, change: types.TextDocumentContentChangeEvent, encoding: Encoding) -> Edit | str:
    """The edit of an LSP change; the new text if the change replaces everything."""
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return change.text
    start = from_position(document, change.range.start, encoding)
    end = from_position(document, change.range.end, encoding)
    return Edit(*start, *end, change.text)
