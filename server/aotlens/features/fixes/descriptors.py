"""An action that copies the descriptors of the thing at a position."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain.brief import folded
from aotlens.model.resolve import resolve
from aotlens.model.slots import fqn_of
from aotlens.model.snapshot import Snapshot
from aotlens.syntax.at_position import subjects_at
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Slot, Span

from .action import CodeAction, command


def copy_descriptors(snapshot: Snapshot, document: Document, where: Span) -> Iterator[CodeAction]:
    """Copy the descriptors of the innermost thing that has any, at the beginning of the selection."""
    line, column = where.line, where.column or 1
    for subject in subjects_at(document, line, column):
        for found in resolve(snapshot, document, subject, line, column):
            slots: list[Slot] = [*(entry.slot for entry in found.entries), *(result.slot for result in found.results)]
            labels = list(dict.fromkeys(slot.label for slot in slots if slot.descriptor is not None))
            if labels:
                names = folded(dict.fromkeys(fqn_of(slot) or slot.label for slot in slots))
                title = f"Copy the descriptor{'s' if len(labels) > 1 else ''} of {names}"
                yield command(title, "aotlens.copyExpression", str(found.state.key), labels)
                return
