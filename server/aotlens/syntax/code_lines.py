"""The lines of a source without the comments that nothing reads: what a trace depends on, each on its line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .comments import comment_of
from .once import once_for_each
from .source_text import SourceText

_READ = re.compile(r"#.*(aotlens|type:|coding)")
"""Comments that are read: pinned examples, types for TorchScript, the encoding of the file."""


@once_for_each
def code_lines(document: SourceText) -> tuple[str, ...]:
    """Return the lines of a source. A comment that nothing reads is missing, and so are empty lines at the end.

    Two texts with the same lines give the same trace, with the same positions.
    """
    lines = list(_code_lines(document))
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def _code_lines(document: SourceText) -> Iterator[str]:
    is_read = False
    for number in range(1, document.line_count + 1):
        line = document.line(number)
        comment = comment_of(document, number) if "#" in line else None
        if comment is None:
            is_read = False
            yield line
            continue
        alone = comment.stands_alone(line)
        # A pinned example may go on in the comments below it.
        is_read = _READ.match(comment.text) is not None or (is_read and alone)
        yield line if is_read else line[: comment.column - 1].rstrip()
