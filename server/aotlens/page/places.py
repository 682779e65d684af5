"""Places in the source, each with the text of its line: a page has no other access to the files."""

from __future__ import annotations

from aotlens.explain.paths import PathLabel, place
from aotlens.syntax.source import SourceTexts
from aotlens_tracer.wire.places import Span

_MOST_OF_A_LINE = 300


class Places:
    """The places of one page. The data name them by their number."""

    def __init__(self, texts: SourceTexts, path_label: PathLabel) -> None:
        self.texts = texts
        self.path_label = path_label
        self._numbers: dict[tuple[str, int], int] = {}
        self._data: list[tuple[str, str]] = []

    def number(self, span: Span | None) -> int | None:
        """The number of the place where a span begins; None for None."""
        return self.of_line(span.path, span.line) if span is not None else None

    def of_line(self, path: str | None, line: int | None) -> int | None:
        """The number of the place that a line of a file is; None if there is none."""
        if path is None or line is None:
            return None
        key = (path, line)
        if key not in self._numbers:
            self._numbers[key] = len(self._data)
            span = Span(path, line)
            text = (self.texts.code(span) or "")[:_MOST_OF_A_LINE]
            self._data.append((place(span, self.path_label), text))
        return self._numbers[key]

    @property
    def data(self) -> list[tuple[str, str]]:
        """Each place as it is written, `model.py:14`, with the text of its line; that is empty if it is unknown."""
        return self._data
