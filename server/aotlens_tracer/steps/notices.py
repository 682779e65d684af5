"""Findings that the steps themselves make: about the import, the definition, the partition."""

from __future__ import annotations

from collections.abc import Sequence

from ..failures import Codebase, failure_of, problem_of
from ..wire.descriptor_map import Span, Target
from ..wire.findings import Finding, PartitionFailed, Place, Subject


def missing_package(package: str, error: BaseException, codebase: Codebase) -> Finding:
    """Return the finding about a package that is not installed, and that a stand-in replaces."""
    place = failure_of(error, "import", codebase)
    subjects = (Subject("package", package),)
    return Finding("missing-package", place.path or codebase.target, place.line, subjects=subjects)


def duplicate_definition(target: Target, others: Sequence[int]) -> Finding:
    """Return the finding about a target that is also defined on the lines `others`."""
    places = tuple(Place("definition", Span(target.path, line)) for line in others)
    subjects = (Subject("target", target.qualname),)
    return Finding("duplicate-definition", target.path, target.line, subjects=subjects, places=places)


def saved_unknown(target: Target, in_eager: bool, error: BaseException) -> Finding:
    """Return the finding about an error that keeps us from knowing what is saved for backward."""
    reason = PartitionFailed(in_eager, problem_of(error))
    return Finding("partition-failed", target.path, target.line, reason=reason)
