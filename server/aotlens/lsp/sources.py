"""The code at places of a map, as the open documents have it now, and else as it is on disk."""

from __future__ import annotations

import functools

from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.session.files import read_python
from aotlens.syntax.source import SourceTexts, code_at
from aotlens_tracer.wire.places import Span


class SourcesNow(SourceTexts):
    """The code at spans of a target's map. What was edited since the trace is unknown."""

    def __init__(self, snapshot: Snapshot, state: TargetState) -> None:
        super().__init__(read_python)
        self._snapshot = snapshot
        self._state = state
        self._code = functools.cache(self._find)  # layers have their lines in common

    def code(self, span: Span) -> str | None:
        """The text under a span, up to the end of its first line."""
        return self._code(span)

    def _find(self, span: Span) -> str | None:
        document = self._snapshot.documents.get(span.path)
        if document is None:
            return super().code(span)
        now = self._snapshot.now(self._state, span)
        return code_at(document.line(now.line), now) if now is not None else None
