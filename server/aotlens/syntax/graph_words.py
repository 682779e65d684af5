"""Names of graph nodes, descriptors and Dynamo's sources in any text: code, comments, strings, documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aotlens_tracer.wire.places import Span

from .source_text import SourceText
from .subjects import ClassRef, DescriptorSubject, DynamoSourceSubject, GraphNameSubject

_GRAPH_NAME = re.compile(r"(?<![\w.])(?:(?:primals|tangents|getitem)_\d+|arg\d+_\d+)(?!\w)")
_BEGINNINGS = ("primals_", "tangents_", "getitem_", "arg")
"""The texts with which such a name begins: a line without them is passed over quickly."""
_DESCRIPTOR_NAME = re.compile(r"(?<!\w)[A-Z]\w*AOT(?:Input|Output)(?!\w)")
# The names that torch's `.expr()` makes up, and, outside of code, the accessors that it writes.
_EXPRESSION = re.compile(
    r"(?<![\w.])__(?:grad|output_tangent|input_mutation|intermediate_base|make_synthetic_base)(?=\()"
    r"|(?<![\w.])__(?:(?:forward|backward)_token|dummy|aliased_arg_with_metadata_mutation|"
    r"saved_for_backwards_(?:no_vc_check_)?)\d+(?!\w)"
    r"|(?<![\w.])__philox_\w+"
)
_ACCESSOR = re.compile(r"(?<![\w.])(?:self\.get_(?:parameter|buffer)(?=\()|(?:args|output)(?=\[\d+\]))")
_TRAILER = re.compile(r"\.[^\W\d]\w*(?:\(\d+\))?")
_STEP = r"\.(?:size|stride)\(\)\[\d+\]|\.[^\W\d]\w*(?!\w)(?!\()|\[\d+\]|\['[^'\]]*'\]|\[\"[^\"\]]*\"\]"
_SOURCE = re.compile(rf"(?<![\w.])[LG]\[['\"][^'\"\]]+['\"]\](?:{_STEP})*|(?<![\w.])[LGlg]_\w*_(?!\w)")
WINDOW = 2000
"""The characters of a line that are searched on each side of a position: a line may hold a megabyte of data."""


def names_in(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The line and column of each name of a graph's node in the lines of a text."""
    for number, line in enumerate(lines, 1):
        if not any(beginning in line for beginning in _BEGINNINGS):
            continue
        for match in _GRAPH_NAME.finditer(line):
            yield number, match.start() + 1


def graph_words_at(
    document: SourceText, line: int, column: int, owner: ClassRef | None, is_code: bool
) -> Iterator[GraphNameSubject | DescriptorSubject | DynamoSourceSubject]:
    """The names of graph nodes, Dynamo's text for an input, and the innermost descriptor at a position.

    `is_code` is False in comments, strings and text that is not Python.
    """
    text = document.line(line)
    offset = max(0, column - 1 - WINDOW)
    window, at = text[offset : column - 1 + WINDOW], column - 1 - offset

    def span(start: int, end: int) -> Span:
        return Span(document.path, line, offset + start + 1, line, offset + end + 1)

    for match in _GRAPH_NAME.finditer(window):
        if match.start() <= at < match.end() or (at == match.end() == len(window)):
            yield GraphNameSubject(owner, match[0], span(match.start(), match.end()))
    for match in () if is_code else _SOURCE.finditer(window):
        if match.start() <= at < match.end():
            yield DynamoSourceSubject(owner, match[0].replace('"', "'"), span(match.start(), match.end()))
    innermost: tuple[int, int] | None = None
    patterns = (_DESCRIPTOR_NAME, _EXPRESSION) if is_code else (_DESCRIPTOR_NAME, _EXPRESSION, _ACCESSOR)
    for pattern in patterns:
        for match in pattern.finditer(window):
            if match.start() > at:
                break
            end = closing(window, match.end())
            if pattern is not _DESCRIPTOR_NAME and not is_code:
                while trailer := _TRAILER.match(window, end):
                    end = trailer.end()
            if at < end and (innermost is None or match.start() > innermost[0]):
                innermost = match.start(), end
    if innermost is not None:
        yield DescriptorSubject(owner, window[innermost[0] : innermost[1]], span(*innermost))


def closing(text: str, start: int) -> int:
    """The end of the bracket that opens at `start`; `start` itself if none opens there or it is not closed."""
    depth, quote, index = 0, "", start
    if text[start : start + 1] not in ("(", "["):
        return start
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
            if depth == 0:
                return index + 1
        index += 1
    return start
