"""An action on a line that did not run: trace the class with, or without, the optional argument that is to blame."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.model.not_run import not_run
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

from .action import CodeAction, command


def pass_argument(snapshot: Snapshot, document: Document, where: Span) -> Iterator[CodeAction]:
    """Trace with or without the argument that is to blame for the first selected line."""
    found = not_run(snapshot, document, where.line)
    if found is None or found.argument is None:
        return
    key, argument = found.recording.state.key, found.argument
    if found.is_left_out:
        yield command(action_titles.trace_with(argument, key.qualname), "aotlens.traceWith", str(key), argument)
    else:
        yield command(action_titles.trace_without(argument, key.qualname), "aotlens.traceWithout", str(key), argument)
