"""The sentences of findings, those that say the same about several subjects folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from aotlens.explain.operands import places_of_operands
from aotlens.model.folding import Folded
from aotlens.model.index import MapIndex
from aotlens_tracer.wire.findings import Broken, Failed, Finding, NoGradient, Outside, Role
from aotlens_tracer.wire.places import Span

from .about import About, name_of
from .kind import Severity
from .reasons import outside_in_words, reason_in_words
from .registry import KINDS

ROLES: dict[Role, str] = {
    "cut": "the gradient stops here",
    "zero": "the gradient becomes zero here",
    "return": "it is returned here",
    "change": "it is changed here too",
    "keep": "it is kept here",
    "definition": "it is defined here too",
    "need": "the derivative of this needs the value as it was",
    "stop": "torch stops here, in code that the line calls",
    "mark": "it is marked dynamic here",
    "made": "it is made here",
    "set": "it was set here, after it was made",
    "optimizer": "the optimizer is made here",
}
"""A sentence for each role of a place; the keys in the order of the documentation."""


def severity(finding: Finding) -> Severity:
    """The severity of a finding."""
    kind = KINDS[finding.code]
    return kind.severity_of(finding) if kind.severity_of is not None else kind.severity


def message(finding: Finding) -> str:
    """The sentence of one finding."""
    return in_words([finding])


def in_words(findings: Sequence[Finding], model: str | None = None) -> str:
    """The sentence of findings that say the same; `model` is named as that of the subjects if it is given."""
    about = About(tuple(findings), model)
    text = KINDS[about.first.code].words(about)
    is_named = name_of(about.first) is not None
    return text if model is None or is_named else f"{text} (in {model})"


def why(finding: Finding, several: bool = False) -> str:
    """Why the subject of a finding, or several of them, get no gradient in the graph; empty for any other finding."""
    reason = finding.reason
    if isinstance(reason, Outside):
        return outside_in_words(reason, finding.path, several)
    return reason_in_words(reason, finding.path, several) if isinstance(reason, get_args(NoGradient)) else ""


def related(finding: Finding) -> list[tuple[str, Span]]:
    """The places that explain a finding, each with a sentence."""
    operation = finding.reason.operation if isinstance(finding.reason, Failed) else None
    operands = places_of_operands(operation) if operation is not None else []
    return [*((ROLES[place.role], place.span) for place in finding.places), *operands]


def link_of(finding: Finding) -> str | None:
    """The address of torch's page about a finding; None if torch gives none."""
    return finding.reason.by.link if isinstance(finding.reason, Broken) else None


def claim(finding: Finding) -> object:
    """The part of a finding that is equal for all that say the same: all but its subject, outputs and place."""
    rest = finding.subjects[1:] if name_of(finding) is not None else finding.subjects
    kinds = tuple(subject.kind for subject in finding.subjects)
    return (finding.code, kinds, rest, finding.reason)


def kept_findings(index: MapIndex) -> list[Folded[Finding]]:
    """The folded findings of an indexed map; folded once."""
    return index.once("folded findings", lambda: fold_findings(index.findings))


def fold_findings(findings: Iterable[Finding]) -> list[Folded[Finding]]:
    """The findings, with those on one line that say the same as one row; each row takes the place of its first."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        # Findings without a name differ in nothing but their column.
        column = finding.column if name_of(finding) is None else None
        groups.setdefault((claim(finding), finding.path, finding.line, column), []).append(finding)
    return [Folded(in_words(group), tuple(group)) for group in groups.values()]
