"""Finds descriptors that code builds: `GradAOTOutput(SubclassGetAttrAOTInput(base, "a"))`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aotlens_tracer.wire.places import Span

from .graph_words import closing
from .source_text import SourceText, nodes_around

_LONGEST = 5000
"""The most lines of a text that is not Python and is searched."""
_MOST_CHARACTERS = 4000
"""The most characters of a call that is searched in such a text: longer ones are no descriptors."""
_MOST_OPEN = 50
"""The calls of a line that do not end, after which no more are looked at."""
_CALL = re.compile(r"(?<!\w)[A-Z]\w*AOT(?:Input|Output)(?=\()")


def descriptor_calls(document: SourceText, lines: Sequence[str]) -> Iterator[tuple[str, Span]]:
    """The text and place of each outermost call that builds a descriptor, in code (not in strings or comments).

    In a text that is not Python, they are found by their brackets. A long one is a log, in which all are torch's own.
    """
    if not document.is_python:
        if document.line_count <= _LONGEST:
            yield from _in_text(document, lines)
        return
    end = (0, 0)
    for number, text in enumerate(lines, 1):
        if "AOT" not in text:
            continue
        for match in _CALL.finditer(text):
            column = match.start() + 1
            if (number, column) < end:
                continue
            chain = nodes_around(document, number, column)
            if chain[0].type != "identifier":
                continue
            node = next(node for node in chain if node.type not in ("identifier", "attribute"))
            if node.type == "call" and node.text is not None and not node.has_error:
                span = document.span_of(node)
                end = (span.end_line or number, span.end_column or column)
                yield node.text.decode("utf-8", "replace"), span


def _in_text(document: SourceText, lines: Sequence[str]) -> Iterator[tuple[str, Span]]:
    for number, text in enumerate(lines, 1):
        done = missed = 0
        for match in _CALL.finditer(text) if "AOT" in text else ():
            if match.start() < done or missed > _MOST_OPEN:
                continue
            piece = text[match.start() : match.end() + _MOST_CHARACTERS]
            length = closing(piece, match.end() - match.start())
            if piece[:length].endswith(")"):
                done = match.start() + length
                yield piece[:length], Span(document.path, number, match.start() + 1, number, done + 1)
            else:
                missed += 1
