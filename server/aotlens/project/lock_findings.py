"""The differences from a lock as findings: one for each target, at the first of its changes, with the others beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aotlens.explain.findings.words import message, severity
from aotlens.explain.lock_changes import change_in_words, note_on_example, note_on_torch, summary_of
from aotlens.features.diagnostics import Diagnostic
from aotlens.features.suppression import suppressing
from aotlens.model.lock import Lock
from aotlens.model.lock_differences import Difference
from aotlens.model.lock_text import row_of
from aotlens.text.documents import Document
from aotlens_tracer.wire.findings import Finding, NotAsLocked, Subject
from aotlens_tracer.wire.places import Span

from .differences import Compared, since_lock
from .lock_file import parse_lock, read_lock_text
from .tracing import TracedProject

CODE = "lock-changed"


@dataclass(frozen=True)
class AgainstLock:
    """The lock that targets are compared with: its file, and what is in it."""

    file: Path
    text: str
    lock: Lock
    convention: str


def against_lock(file: Path, convention: str) -> AgainstLock:
    """The lock in a file. Raises Misuse if it cannot be read."""
    text = read_lock_text(file)
    return AgainstLock(file, text, parse_lock(text, str(file)), convention)


def lock_findings(against: AgainstLock | None, project: TracedProject) -> list[Diagnostic]:
    """A finding for each target that is not as it is locked; at its row of the lock, if nothing else is left of it."""
    if against is None:
        return []
    compared = since_lock(against.lock, project, against.file, against.convention)
    return [_diagnostic(each, compared, against, project.snapshot.documents) for each in compared.differences]


def _diagnostic(
    difference: Difference, compared: Compared, against: AgainstLock, documents: Mapping[str, Document]
) -> Diagnostic:
    change = difference.target
    places = [each.place for each in difference.changes if each.place is not None]
    # A change in a file that was not looked at is told at the target, with its place beside it.
    place = next((each for each in places if each.path in documents), difference.of_target if places else None)
    document = documents.get(place.path) if place is not None else None
    span = _to_the_end(place, document) if place is not None and document is not None else _row(difference, against)
    subject = Subject("target", change.target.qualname if document is not None else change.target.name)
    finding = Finding(CODE, span.path, span.line, span.column, (subject,), _reason(difference, against))
    notes = (note_on_example(change), note_on_torch(compared.old.torch, compared.new.torch))
    return Diagnostic(
        span,
        CODE,
        severity(finding),
        "\n".join([message(finding), *(note for note in notes if note is not None)]),
        related=tuple(_related(difference)),
        suppression=suppressing(document, span.line, CODE) if document is not None else None,
    )


def _reason(difference: Difference, against: AgainstLock) -> NotAsLocked:
    change, name = difference.target, against.file.name
    first = change.changes[0]
    match first.kind:
        case "target-added" | "target-removed" | "not-traced" | "traced-again":
            return NotAsLocked(name, first.kind, before=first.before, after=first.after)
    return NotAsLocked(name, "changed", change.more, len(change.changes))


def _related(difference: Difference) -> Iterator[tuple[str, Span]]:
    """The changes one by one, unless the sentence of the finding says the only one."""
    for each in difference.changes:
        words = change_in_words(each.change)
        if each.place is not None and (len(difference.changes) > 1 or words != summary_of(difference.target)):
            yield words, each.place


def _to_the_end(place: Span, document: Document) -> Span:
    """The place; to the end of its line, if its end is not known."""
    column = place.column or 1
    if place.end_line is not None and (place.end_line, place.end_column or 0) > (place.line, column):
        return place
    return Span(place.path, place.line, column, place.line, max(column, len(document.line(place.line).rstrip()) + 1))


def _row(difference: Difference, against: AgainstLock) -> Span:
    """The line of the lock at which a target begins; its first line for a target that it does not have."""
    row, text = row_of(difference.target.target, against.text)
    return Span(str(against.file), row, 1, row, len(text) + 1)
