"""An action that copies the descriptors of the thing at a position."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
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
            labels = list(found.labels_of_slots)
            if labels and found.state.convention == snapshot.states[found.state.key].convention:
                slots: list[Slot] = [*(each.slot for each in found.entries), *(each.slot for each in found.results)]
                names = dict.fromkeys(fqn_of(slot) or slot.label for slot in slots)
                title = action_titles.copy_descriptors(names, len(labels))
                yield command(title, "aotlens.copyExpression", str(found.state.key), labels)
                return
