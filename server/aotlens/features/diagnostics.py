"""Findings as diagnostics, each at its place in today's text; suppressed ones are left out.

Those of the maps come from the tracer; what is wrong in the text itself is found here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from aotlens.explain.folding import fold
from aotlens.explain.reading import corrected, illegal_nesting, read_code, read_descriptor
from aotlens.session.documents import Document
from aotlens.syntax.descriptor_calls import descriptor_calls
from aotlens_tracer.descriptor_map import Failure, Finding, Span

from .snapshot import Snapshot, TargetState
from .unknown_names import unknown_names

_IGNORE = re.compile(r"#\s*aotlens:\s*ignore(?:\[(?P<codes>[^\]]*)\])?")
_OF_THE_LAST_ATTEMPT = ("trace-failed", "example-failed")


@dataclass(frozen=True)
class Fix:
    """What takes a finding away for sure: a title, and the text to put in the place of the finding's."""

    title: str
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """A finding at a place of one document. `stale` where the text has changed since it was found."""

    span: Span
    code: str
    severity: str
    message: str
    stale: bool = False
    fix: Fix | None = None


def diagnostics(snapshot: Snapshot, document: Document) -> list[Diagnostic]:
    """The diagnostics of a document, from every map that has something to say about it."""
    found: dict[tuple[int, int, str, str], Diagnostic] = {}
    for state in snapshot.states.values():
        for finding in _findings(state):
            if finding.path != document.path or finding.line is None:
                continue
            span = _span(snapshot, state, document, finding)
            if span is None or is_suppressed(document, span.line, finding.code):
                continue
            stale = state.stale and finding.code not in _OF_THE_LAST_ATTEMPT
            # Two models that share a class say the same about it: once is enough.
            identity = (span.line, span.column or 0, finding.code, finding.message)
            found.setdefault(
                identity,
                Diagnostic(span, finding.code, finding.severity, finding.message, stale),
            )
    for item in (*_unknown_names(snapshot, document), *_illegal_nestings(document)):
        if not is_suppressed(document, item.span.line, item.code):
            found.setdefault((item.span.line, item.span.column or 0, item.code, item.message), item)
    return sorted(found.values(), key=lambda item: (item.span.line, item.span.column or 0, item.code))


def _unknown_names(snapshot: Snapshot, document: Document) -> Iterator[Diagnostic]:
    for unknown in unknown_names(snapshot, document):
        what = "module" if unknown.access.wants_module else "parameter or buffer"
        message = f"{unknown.model} has no {what} `{unknown.access.name}`"
        fix = None
        if unknown.near is not None:
            message += f": did you mean `{unknown.near}`?"
            fix = Fix(f"Change to `{unknown.near}`", unknown.near)
        yield Diagnostic(unknown.access.span, "unknown-parameter-name", "warning", message, fix=fix)


@functools.lru_cache(maxsize=16)
def _illegal_nestings(document: Document) -> tuple[Diagnostic, ...]:
    found = []
    for text, span in descriptor_calls(document, document.lines):
        descriptor = read_code(text)
        problem = illegal_nesting(descriptor) if descriptor is not None else None
        if problem is None:
            continue
        written = read_descriptor(text)
        meant = corrected(written) if written is not None else None
        fix = Fix(f"Change to `{meant.descriptor}`", meant.descriptor) if meant is not None else None
        found.append(Diagnostic(span, "illegal-descriptor-nesting", "warning", problem, fix=fix))
    return tuple(found)


def _findings(state: TargetState) -> list[Finding]:
    """The findings of the last good map, those of repeated layers folded into one, and the last failure."""
    findings: list[Finding] = []
    if state.map is not None:
        kept = [item for item in state.map.findings if item.code not in _OF_THE_LAST_ATTEMPT]
        for row in fold(
            kept,
            key=lambda item: (item.code, item.severity, item.path, item.line, item.column),
            label=lambda item: item.message,
        ):
            first = row.first
            findings.append(Finding(first.code, first.severity, row.label, first.path, first.line, first.column))
    if state.failure is not None:  # also while the next attempt runs: what comes and goes is worse than what is old
        findings.append(_failure(state.failure, state))
    return findings


def _failure(failure: Failure, state: TargetState) -> Finding:
    code = "example-failed" if failure.stage == "example" else "trace-failed"
    message = failure.message + (f"\n{failure.hint}" if failure.hint else "")
    # A class without an example is nothing wrong, only something that can be done.
    severity = "hint" if failure.stage == "example" and not state.examples else "error"
    line = failure.line or (state.examples[0].definition_line if state.examples else None) or 1
    return Finding(code, severity, message, failure.path or state.key.path, line, failure.column)


def _span(snapshot: Snapshot, state: TargetState, document: Document, finding: Finding) -> Span | None:
    """The finding's place today: from its column to the end of its line, or the code of the line."""
    assert finding.path is not None and finding.line is not None
    span = snapshot.now(state, Span(finding.path, finding.line, finding.column))
    if span is None or not 1 <= span.line <= len(document.lines):
        return None
    text = document.lines[span.line - 1]
    start = span.column or len(text) - len(text.lstrip()) + 1
    end = len(text.rstrip()) + 1
    start = min(start, max(end, 1))
    return Span(span.path, span.line, start, span.line, max(end, start))


def is_suppressed(document: Document, line: int, code: str) -> bool:
    """Whether `# aotlens: ignore[code]` stands at the end of the line, or by itself on the line above."""
    own = document.lines[line - 1]
    above = document.lines[line - 2] if line >= 2 else ""
    for text in (own, above if above.lstrip().startswith("#") else ""):
        match = _IGNORE.search(text)
        if match is None:
            continue
        codes = match["codes"]
        if codes is None or code in [item.strip() for item in codes.split(",")]:
            return True
    return False
