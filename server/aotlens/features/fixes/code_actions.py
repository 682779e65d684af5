"""Code actions: mend or suppress a finding, pin an example, choose the model that answers, copy descriptors.

Each file of this folder makes one kind of action. A new kind is a function that is listed here.
"""

from __future__ import annotations

from collections.abc import Iterable

from aotlens.features.diagnostics import diagnostics
from aotlens.model.duplicates import replacement
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

from .action import CodeAction
from .choose_context import choose_context
from .copies import copy_argument
from .corrections import correction
from .descriptors import copy_descriptors
from .detach_kept import detach_kept
from .examples import example_actions
from .out_of_place import out_of_place
from .pass_argument import pass_argument
from .print_in_eager import print_in_eager
from .register import register
from .returned import rewrite_returned
from .suppress import suppress
from .targets import step_actions, target_actions

_FOR_FINDINGS = (correction, suppress)
"""Actions for one finding: functions of the document and the diagnostic."""
_FOR_TEXT = (copy_argument, rewrite_returned, detach_kept, register, out_of_place, print_in_eager)
"""Actions that edit the text where the user is: functions of the snapshot, the document and the selection."""
_FOR_CLASSES = (target_actions, example_actions, choose_context)
"""Actions for a class: functions of the snapshot, the document and the definition."""


def code_actions(snapshot: Snapshot, document: Document, where: Span) -> list[CodeAction]:
    """The actions for the selected lines, and for the thing at the beginning of the selection."""
    actions: list[CodeAction] = []
    for action in _all(snapshot, document, where):
        if action not in actions:  # two findings of one code on a line are suppressed by one comment
            actions.append(action)
    return actions


def _all(snapshot: Snapshot, document: Document, where: Span) -> Iterable[CodeAction]:
    first, last = where.line, where.end_line or where.line
    if snapshot.can_edit(document):
        for finding in diagnostics(snapshot, document):
            if first <= finding.span.line <= last:
                for for_finding in _FOR_FINDINGS:
                    yield from for_finding(document, finding)
        for for_text in _FOR_TEXT:
            yield from for_text(snapshot, document, where)
    for definition in document.definitions:
        is_here = definition.kind == "class" and first <= definition.line <= last
        if is_here and replacement(snapshot, document, definition.qualname, definition.line) is None:
            for for_class in _FOR_CLASSES:
                yield from for_class(snapshot, document, definition)
    yield from pass_argument(snapshot, document, where)
    for step in document.steps:
        if first <= step.line <= last:
            yield from step_actions(snapshot, document, step)
    yield from copy_descriptors(snapshot, document, where)
