"""The note that a target failed, for a position: the diagnostic at the failing expression says it there already."""

from __future__ import annotations

from aotlens.explain.blocks import Note
from aotlens.explain.unknown import why_untraced
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.text.documents import Document


def why_failed(snapshot: Snapshot, state: TargetState, document: Document, line: int, column: int) -> tuple[Note, ...]:
    """The reason why a target has no graph; empty within the expression that fails, which has a diagnostic."""
    return () if _is_diagnosed(snapshot, state, document, line, column) else (Note(why_untraced(snapshot, state)),)


def _is_diagnosed(snapshot: Snapshot, state: TargetState, document: Document, line: int, column: int) -> bool:
    failure = state.failure
    at = failure.operation.span if failure is not None and failure.operation is not None else None
    if not snapshot.trusts(state.key.path) or state.status != "failed" or failure is None or at is None:
        return False
    if at.path != document.path or (failure.path, failure.line) != (at.path, at.line):
        return False
    from aotlens.model.spans import contains  # the hovers before the first failure do not wait for it

    now = snapshot.now_of_failure(state, at)
    return now is not None and now.column is not None and contains(now, line, column)
