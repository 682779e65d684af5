"""The lines of source that a log names, as links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aotlens.explain.log_values import link_tooltip
from aotlens.logs.source_lines import named_lines
from aotlens_tracer.wire.places import Span

from .view import WINDOW, LogView

MOST_LINKS = 10_000
"""A longer log has links in its beginning only."""


@dataclass(frozen=True)
class SourceLink:
    """A link from a place in a log to a line of source. `tooltip` says that its file was taken for that of the log."""

    origin: Span
    target: Span
    tooltip: str | None


def links(view: LogView) -> list[SourceLink]:
    """The links of a log, in its order. A path for which there are several files leads to the first."""
    found = []
    for link in _links(view):
        found.append(link)
        if len(found) == MOST_LINKS:
            break
    return found


def _links(view: LogView) -> Iterator[SourceLink]:
    if not view.files:
        return
    for number, text in enumerate(view.document.lines, 1):
        if ".py" not in text or len(text) > WINDOW:
            continue
        for named in named_lines(text):
            if files := view.files.get(named.source.path):
                origin = view.span_of(number, named.column, named.end_column)
                tooltip = link_tooltip(named.source.path, files) if files != (named.source.path,) else None
                yield SourceLink(origin, Span(files[0], named.source.line), tooltip)
