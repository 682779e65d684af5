"""The places of findings for tools that show files by lines.

A notebook is a file of JSON to such a tool, so the line is that of the file, and the text names the cell.
"""

from __future__ import annotations

from aotlens.cli.output import path_label
from aotlens.explain.paths import position
from aotlens.session.files import read_bytes
from aotlens.text.notebook_lines import lines_in_file
from aotlens.text.notebooks import cell_line
from aotlens_tracer.wire.places import Span


class FilePlaces:
    """The places of findings in files. Reads each notebook once."""

    def __init__(self) -> None:
        self._notebooks: dict[str, list[list[int]]] = {}

    def of(self, span: Span) -> Span:
        """The place in the file. In a notebook, that is a line: its columns are those of a string in JSON."""
        found = cell_line(span.path, span.line)
        if found is None:
            return span
        if span.path not in self._notebooks:
            self._notebooks[span.path] = _read(span.path)
        cells = self._notebooks[span.path]
        lines = cells[found.cell - 1] if found.cell <= len(cells) else []
        return Span(span.path, lines[min(found.line, len(lines)) - 1] if lines else 1)


def with_cell(span: Span, text: str) -> str:
    """A text about a place, after the cell and the line in it if the place is in a notebook."""
    if cell_line(span.path, span.line) is None:
        return text
    return f"{position(span.path, span.line, None, path_label)}: {text}"


def _read(path: str) -> list[list[int]]:
    """The lines of a notebook's cells; none if the file has changed so that it cannot be read."""
    try:
        return lines_in_file(read_bytes(path).decode("utf-8-sig"))
    except (OSError, ValueError):
        return []
