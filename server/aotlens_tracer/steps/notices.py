"""Findings that the steps themselves make: about the import, the definition, the partition."""

from __future__ import annotations

from collections.abc import Sequence

from ..failures import Codebase, failure_of, text_of
from ..wire.descriptor_map import Finding, Target


def missing_package(package: str, error: BaseException, codebase: Codebase) -> Finding:
    """Return the finding about a package that is not installed, and that a stand-in replaces."""
    place = failure_of(error, "import", codebase)
    message = f"{package} is not installed: something that cannot be called stands in for it"
    return Finding("missing-package", "warning", message, place.path or codebase.target, place.line)


def duplicate_definition(target: Target, others: Sequence[int]) -> Finding:
    """Return the finding about a target that is also defined on the lines `others`."""
    where = ", ".join(map(str, others))
    message = f"{target.qualname} is defined more than once (also on line {where}): Python keeps the one here"
    return Finding("duplicate-definition", "information", message, target.path, target.line)


def saved_unknown(target: Target, in_eager: bool, error: BaseException) -> Finding:
    """Return the finding about an error that keeps us from knowing what is saved for backward."""
    why = "the call fails without a capture" if in_eager else "torch's partitioner failed"
    said = text_of(error).strip().partition("\n")[0]
    message = f"{why}, so nothing is known of what is saved for backward: {said}"
    return Finding("partition-failed", "warning", message, target.path, target.line)
