"""Findings as diagnostics, each at its place in today's text; suppressed findings are left out, or marked.

Findings about a trace come from its map; findings about the text itself are found here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aotlens.explain.findings.about import also, name_of, subject_in_words
from aotlens.explain.findings.words import claim, in_words, kept_findings, link_of, message, related, severity
from aotlens.explain.nesting import reason_of
from aotlens.explain.states import staleness_in_words
from aotlens.logs.descriptor_text import read_code, read_descriptor
from aotlens.model.contexts import by_preference
from aotlens.model.descriptor_nesting import corrected, illegal_nesting
from aotlens.model.duplicates import definitions_of
from aotlens.model.examples import is_to_be_completed
from aotlens.model.failure_findings import FAILURE_CODES, failure_finding
from aotlens.model.folding import Folded
from aotlens.model.index import index_of
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.syntax.descriptor_calls import descriptor_calls
from aotlens.syntax.once import once_for_each
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Failure, Finding, Span
from aotlens_tracer.wire.findings import Failed, Incomplete, Reason, Subject, UnknownName
from aotlens_tracer.wire.problems import NotAModule, Raised
from aotlens_tracer.wire.training_steps import is_step

from .suppression import Suppression, suppressing
from .unknown_names import unknown_names

_OF_THE_FILE = ("target", "import", "syntax")
"""The stages at which a trace fails for every target of the file."""


@dataclass(frozen=True)
class Fix:
    """An edit that certainly mends a finding: a title, and the text that replaces that of the finding."""

    title: str
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """A finding at a place of one document. `stale` is the change since then, in words; empty if there is none."""

    span: Span
    code: str
    severity: str
    message: str
    stale: str = ""
    fix: Fix | None = None
    related: tuple[tuple[str, Span], ...] = ()
    """Places that explain the finding, each with a message."""
    link: str | None = None
    """The address of a page about the finding; None if there is none."""
    suppression: Suppression | None = None
    """The comment that suppresses the finding; None if there is none."""


def diagnostics(snapshot: Snapshot, document: Document) -> list[Diagnostic]:
    """The diagnostics of a document, from all maps and from its text, in the order of its lines."""
    return [item for item in with_suppressed(snapshot, document) if item.suppression is None]


def with_suppressed(snapshot: Snapshot, document: Document) -> list[Diagnostic]:
    """The diagnostics of a document, with those that comments suppress."""
    found = _of_models(snapshot, document)
    for item in (*_unknown_names(snapshot, document), *_illegal_nestings(document)):
        found.append(replace(item, suppression=suppressing(document, item.span.line, item.code)))
    return sorted(found, key=lambda item: (item.span.line, item.span.column or 0, item.code))


@dataclass(frozen=True)
class _Said:
    """Findings of one model at one place that make one sentence."""

    state: TargetState
    findings: tuple[Finding, ...]
    span: Span


def _of_models(snapshot: Snapshot, document: Document) -> list[Diagnostic]:
    """One diagnostic for each kind of finding on a line, for all models together."""
    lines: dict[tuple[int, str, str], list[_Said]] = {}
    for state in snapshot.states.values():
        for row in _findings(snapshot, state):
            first = row.first
            if first.path != document.path or first.line is None:
                continue
            span = _span(snapshot, state, document, row.rows)
            if span is not None:
                lines.setdefault((span.line, first.code, severity(first)), []).append(_Said(state, row.rows, span))
    found = []
    for (line, code, level), said in lines.items():
        if len(said) > 1:
            order = {state.key: place for place, state in enumerate(by_preference(snapshot, document, line))}
            said.sort(key=lambda one: order[one.state.key])
        lead = said[0]
        is_stale = lead.state.stale and code not in FAILURE_CODES
        stale = staleness_in_words(lead.state) if is_stale else ""
        text, places = _message(document, line, said), _related(snapshot, said)
        comment, link = suppressing(document, line, code), link_of(lead.findings[0])
        found.append(Diagnostic(lead.span, code, level, text, stale, related=places, link=link, suppression=comment))
    return found


def _related(snapshot: Snapshot, said: Sequence[_Said]) -> tuple[tuple[str, Span], ...]:
    """The places that explain some findings, in today's text, each once."""
    found: dict[tuple[str, Span], None] = {}
    for one in said:
        for sentence, place in (each for finding in one.findings for each in related(finding)):
            span = _now(snapshot, one.state, one.findings[0], Span(place.path, place.line, place.column))
            if span is not None:
                found[sentence, span] = None
    return tuple(found)


def _now(snapshot: Snapshot, state: TargetState, finding: Finding, span: Span) -> Span | None:
    """A span of a finding in today's text: that of a failure is newer than the last good map."""
    is_failure = finding.code in FAILURE_CODES
    return snapshot.now_of_failure(state, span) if is_failure else snapshot.now(state, span)


def _message(document: Document, line: int, said: Sequence[_Said]) -> str:
    """The sentences of all models, each once: the model that answers for the place comes first."""
    models = {one.state.key for one in said}
    claims: dict[object, list[_Said]] = {}
    for one in said:
        claims.setdefault(_sense(one.findings[0]), []).append(one)
    texts = []
    for first, *others in claims.values():
        is_plain = len(models) == 1 and _is_within(document, line, first.state)
        is_of_file = first.state.failure is not None and first.state.failure.stage in _OF_THE_FILE
        if is_plain or (is_of_file and name_of(first.findings[0]) is None):
            texts.append(in_words(first.findings))
            continue
        texts.append(in_words(first.findings, first.state.key.qualname))
        if others:
            texts.append(also([subject_in_words(o.findings, o.state.key.qualname) for o in others]))
    return "\n".join(texts)


def _sense(finding: Finding) -> object:
    """A value that is equal for findings that say the same. Models come to a failing line by calls of their own."""
    return message(finding) if finding.code in FAILURE_CODES else claim(finding)


def _is_within(document: Document, line: int, state: TargetState) -> bool:
    """Whether a line lies in the target itself, so that the message need not name the target."""
    if state.key.path != document.path:
        return False
    for definition in definitions_of(document, state.key.qualname):
        if min([definition.start_line, *(pin.line for pin in definition.pins)]) <= line <= definition.end_line:
            return True
    return False


def _unknown_names(snapshot: Snapshot, document: Document) -> Iterator[Diagnostic]:
    for unknown in unknown_names(snapshot, document):
        wanted = "module" if unknown.access.wants_module else "parameter"
        reason = UnknownName(unknown.model, wanted, unknown.near)
        fix = Fix(f"Change to `{unknown.near}`", unknown.near) if unknown.near is not None else None
        yield _of_text("unknown-parameter-name", unknown.access.span, reason, fix, unknown.access.name)


@once_for_each
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
        found.append(_of_text("illegal-descriptor-nesting", span, reason_of(problem), fix))
    return tuple(found)


def _of_text(code: str, span: Span, reason: Reason, fix: Fix | None, name: str | None = None) -> Diagnostic:
    """The diagnostic for a finding about the text itself."""
    subjects = (Subject("name", name),) if name is not None else ()
    finding = Finding(code, span.path, span.line, span.column, subjects, reason)
    return Diagnostic(span, code, severity(finding), message(finding), fix=fix)


def _findings(snapshot: Snapshot, state: TargetState) -> list[Folded[Finding]]:
    """The findings of the last good map, those of repeated layers folded into one, and the last failure."""
    findings: list[Folded[Finding]] = []
    if state.map is not None and not snapshot.is_part(state):
        kept = kept_findings(index_of(state.map))
        findings += [row for row in kept if row.first.code not in FAILURE_CODES]
    if state.failure is not None:  # it stays until the next attempt has ended, so that it does not flicker
        failure = finding_of(state.failure, state)
        findings.append(Folded(message(failure), (failure,)))
    return findings


def is_untraceable(state: TargetState) -> bool:
    """Whether a target failed for want of an example, or is none: nothing is wrong with the code."""
    return state.failure is not None and severity(finding_of(state.failure, state)) == "hint"


def finding_of(failure: Failure, state: TargetState) -> Finding:
    """The finding that stands for the failure of a target."""
    # If nobody wrote an example, its failure is no mistake of the user's, unless the class cannot be built at all.
    written = any(example.origin != "inferred" for example in state.examples)
    is_guess = failure.stage == "example" and not written and not isinstance(failure.problem, Raised)
    # The set-up of a script may need what is not here: its data, or a state that other code makes first.
    is_new_step = is_step(state.key.qualname) and not state.maps and failure.stage != "syntax"
    is_new_step = is_new_step and not _is_of_the_script(failure, state)
    # A mixin with a `forward` is a target by its text alone.
    is_no_target = isinstance(failure.problem, NotAModule) and not written
    is_guess = is_guess or is_new_step or is_no_target
    if is_to_be_completed(state) and state.examples[0].path is not None:
        example = state.examples[0]
        return Finding("example-failed", example.path, example.line, example.column, reason=Incomplete())
    line = (state.examples[0].definition_line if state.examples else None) or 1
    return failure_finding(failure, state.key.path, line, advise=True, is_guess=is_guess)


def _is_of_the_script(failure: Failure, state: TargetState) -> bool:
    """Whether a training step fails for what the script alone says: operands that clash, none of which is a guess."""
    step = state.attempt.step if state.attempt is not None else None
    operation = failure.operation
    if step is None or step.guessed or step.on_cpu or step.not_taken or operation is None or operation.clash is None:
        return False
    return all(0 not in (each.shape or ()) for each in operation.operands)  # what nobody has filled yet


def _span(snapshot: Snapshot, state: TargetState, document: Document, findings: Sequence[Finding]) -> Span | None:
    """The span of findings in today's text: that of an expression that fails.

    Else it goes from their column, or the first of the code, to the end of the line.
    """
    first = findings[0]
    if (whole := _failing(first)) is not None and (now := _now(snapshot, state, first, whole)) is not None:
        return now
    assert first.path is not None and first.line is not None
    columns = {finding.column for finding in findings}
    column = first.column if len(columns) == 1 else None
    span = _now(snapshot, state, first, Span(first.path, first.line, column))
    if span is None or not 1 <= span.line <= len(document.lines):
        return None
    text = document.lines[span.line - 1]
    start = span.column or len(text) - len(text.lstrip()) + 1
    end = len(text.rstrip()) + 1
    start = min(start, max(end, 1))
    return Span(span.path, span.line, start, span.line, max(end, start))


def _failing(finding: Finding) -> Span | None:
    """The expression that fails, if a finding stands there; None if its end is not known."""
    operation = finding.reason.operation if isinstance(finding.reason, Failed) else None
    span = operation.span if operation is not None else None
    if span is None or span.column is None or span.end_column is None:
        return None
    place = (finding.path, finding.line, finding.column)
    return span if (span.path, span.line, span.column) == place else None
