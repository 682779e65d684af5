"""Refreshes of inlay hints: only if other ones are to be shown, so that nothing flickers while a trace runs."""

from __future__ import annotations

import asyncio

from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document

from .capabilities import refreshes_inlay_hints
from .context import Context

CURSOR_SECONDS = 0.08
"""The time for which the cursor rests before its hints are refreshed."""


class HintRefreshes:
    """Has the client request the inlay hints again, if it can."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: tuple[object, ...] = ()
        self._around: dict[str, str | None] = {}
        self._moved: dict[str, Document] = {}
        self._timer: asyncio.TimerHandle | None = None

    def states_changed(self) -> None:
        """Refresh them if a map or its staleness has changed, or the settings; not for each stage of a trace."""
        context = self._context
        known = (context.session.settings.inlay_hints, *_maps(context.session.snapshot()))
        if known != self._known:
            self._known = known
            self._refresh()

    def cursor_moved(self, document: Document) -> None:
        """Refresh them soon, if the cursor rests in other code than before."""
        if self._context.session.settings.inlay_hints.values != "cursor":
            return
        self._moved[document.path] = document
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(CURSOR_SECONDS, self._look)

    def _look(self) -> None:
        """Compare the code around the cursor with that for which hints are shown."""
        self._timer = None
        moved, self._moved = self._moved, {}
        snapshot = self._context.session.snapshot()
        if not any(state.map is not None or state.attempt is not None for state in snapshot.states.values()):
            return
        from aotlens.features.value_hints import code_around  # it reads maps

        changed = False
        for path in moved:
            document = snapshot.documents.get(path)
            line = self._context.cursors.line(document) if document is not None else None
            code = code_around(document, line) if document is not None and line is not None else None
            around = code.qualname if code is not None else None
            changed = changed or around != self._around.get(path)
            self._around[path] = around
        if changed:
            self._refresh()

    def _refresh(self) -> None:
        if refreshes_inlay_hints(self._context.capabilities):
            self._context.client.workspace_inlay_hint_refresh(None)


def _maps(snapshot: Snapshot) -> list[object]:
    """Everything that hints are made from."""
    return [
        (state.key, id(state.map), state.stale, id(state.attempt), state.attempt_stale)
        for state in snapshot.states.values()
        if state.map is not None or state.attempt is not None
    ] + [tuple(snapshot.contexts.items())]
