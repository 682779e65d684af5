"""Finds descriptors that code builds: `GradAOTOutput(SubclassGetAttrAOTInput(base, "a"))`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aotlens_tracer.wire.places import Span

from .source_text import SourceText

_CALL = re.compile(r"(?<!\w)[A-Z]\w*AOT(?:Input|Output)(?=\()")


def descriptor_calls(document: SourceText, lines: Sequence[str]) -> Iterator[tuple[str, Span]]:
    """The text and place of each outermost call that builds a descriptor, in code (not in strings or comments)."""
    if not document.is_python:
        return
    end = (0, 0)
    for number, text in enumerate(lines, 1):
        if "AOT" not in text:
            continue
        for match in _CALL.finditer(text):
            column = match.start() + 1
            if (number, column) < end:
                continue
            start = document.point(number, column)
            node = document.tree.root_node.descendant_for_point_range(start, start)
            if node is None or node.type != "identifier":
                continue
            while node.parent is not None and node.type != "call" and node.parent.type in ("attribute", "call"):
                node = node.parent
            if node.type == "call" and node.text is not None and not node.has_error:
                span = document.span_of(node)
                end = (span.end_line or number, span.end_column or column)
                yield node.text.decode("utf-8", "replace"), span
