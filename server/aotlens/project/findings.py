"""The findings of a traced project, as an editor shows them, each with its file and the definition around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from aotlens.explain.findings.words import message, severity
from aotlens.features.diagnostics import Diagnostic, finding_of, is_untraceable, with_suppressed
from aotlens.model.failure_findings import FAILURE_CODES, failure_finding
from aotlens.model.snapshot import TargetState
from aotlens.session.files import read_python
from aotlens.syntax.source import UnreadableSource
from aotlens.text.documents import Document
from aotlens.text.uris import uri_of
from aotlens_tracer.wire.places import Span

from .lock_findings import AgainstLock, lock_findings
from .suppressions import unused_suppressions
from .tracing import TracedProject

_INSTALLED = re.compile(r"[/\\](?:site-packages|dist-packages)[/\\]")


@dataclass(frozen=True)
class Located:
    """A finding in a file: its `path`, the qualified name of the definition `within` which it is, and its line's text.

    `within` is empty at module level.
    """

    path: str
    within: str
    text: str
    diagnostic: Diagnostic

    @property
    def span(self) -> Span:
        """The place of the finding."""
        return self.diagnostic.span

    @property
    def code(self) -> str:
        """The code of the finding."""
        return self.diagnostic.code

    @property
    def severity(self) -> str:
        """The severity: error, warning, information or hint."""
        return self.diagnostic.severity


@dataclass(frozen=True)
class Untraced:
    """A target that was not traced, through no fault of its code: it has no known example, or is no module."""

    state: TargetState
    line: int
    message: str


@dataclass(frozen=True)
class Found:
    """Everything that is found in the files that were asked for, in their order and that of their lines.

    `suppressed` are the findings that comments suppress. `elsewhere` are findings of the same models at lines of other
    files of the user's, which were not asked for.
    """

    findings: tuple[Located, ...]
    suppressed: tuple[Located, ...]
    untraced: tuple[Untraced, ...]
    elsewhere: tuple[Located, ...]


def findings_in(project: TracedProject, against: AgainstLock | None = None) -> Found:
    """The findings of a project, and the differences from a lock.

    Reads the files outside of the project at whose lines there are findings.
    """
    since_lock = lock_findings(against, project)
    unread = [path for path in project.paths if path in project.unread]
    shown = [_unread(project, path) for path in unread]
    suppressed: list[Located] = []
    for path in project.paths:
        document = project.snapshot.documents.get(path)
        if document is None:
            continue
        found = with_suppressed(project.snapshot, document)
        found += (each for each in since_lock if each.span.path == path)
        found += unused_suppressions(project, document, found, is_locked=against is not None)
        for each in _located(document, found):
            (shown if each.diagnostic.suppression is None else suppressed).append(each)
    order = {path: number for number, path in enumerate(project.paths)}
    shown.sort(key=lambda each: (order[each.path], each.span.line, each.span.column or 0, each.code))
    shown += (Located(each.span.path, "", "", each) for each in since_lock if each.span.path not in order)
    untraced = tuple(_untraced(state) for state in project.targets if is_untraceable(state))
    return Found(tuple(shown), tuple(suppressed), untraced, tuple(_elsewhere(project)))


def _located(document: Document, found: Iterable[Diagnostic]) -> Iterator[Located]:
    for item in found:
        if item.severity == "hint" and item.code in FAILURE_CODES:
            continue  # a target that was not traced
        line = item.span.line
        yield Located(document.path, _within(document, line), document.line(line).strip(), item)


def _within(document: Document, line: int) -> str:
    """The qualified name of the innermost definition that a line is in; empty at module level."""
    around = [item for item in document.definitions if item.start_line <= line <= item.end_line]
    return max(around, key=lambda item: item.start_line).qualname if around else ""


def _unread(project: TracedProject, path: str) -> Located:
    """The finding that a file cannot be read."""
    failure = project.unread[path]
    finding = failure_finding(failure, path, 1, advise=True)
    span = Span(path, finding.line or 1, 1, finding.line or 1, 1)
    return Located(path, "", "", Diagnostic(span, finding.code, severity(finding), message(finding)))


def _untraced(state: TargetState) -> Untraced:
    assert state.failure is not None
    finding = finding_of(state.failure, state)
    return Untraced(state, finding.line or 1, message(finding))


def _elsewhere(project: TracedProject) -> Iterator[Located]:
    """The findings at lines of other files, of the user's own alone."""
    known = {*project.snapshot.documents, *project.unread}
    maps = (state.map for state in project.targets if state.map is not None)
    paths = {finding.path for map in maps for finding in map.findings if finding.path is not None}
    others: Mapping[str, Document] = {path: document for path in sorted(paths - known) if (document := _read(path))}
    wider = replace(project, snapshot=replace(project.snapshot, documents={**project.snapshot.documents, **others}))
    for document in others.values():
        found = with_suppressed(wider.snapshot, document)
        yield from (each for each in _located(document, found) if each.diagnostic.suppression is None)


def _read(path: str) -> Document | None:
    if _INSTALLED.search(path):
        return None
    try:
        return Document(uri_of(path), path, 1, read_python(path), "python")
    except (OSError, UnreadableSource):
        return None
