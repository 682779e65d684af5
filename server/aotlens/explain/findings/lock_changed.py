"""A target is not as the lock has it."""

from __future__ import annotations

from aotlens.explain.lock_changes import change_in_words, numbers_in_words
from aotlens.model.lock_diff import Change
from aotlens_tracer.wire.findings import Finding, NotAsLocked, Subject
from aotlens_tracer.wire.lock_reasons import Numbers

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The target, the lock, and the sum of what differs."""
    reason = about.first.reason
    assert isinstance(reason, NotAsLocked)
    name = about.first.subjects[0].name
    if reason.what == "target-added":
        return f"{name} is not in {reason.lock}"
    if reason.what == "target-removed":
        return f"{name} is in {reason.lock}, and is no target any more"
    if reason.what == "changed":
        assert reason.more is not None
        return f"{name} is not as in {reason.lock}: {numbers_in_words(reason.more, reason.changes)}"
    change = Change(reason.what, before=reason.before, after=reason.after)
    return f"{name} is not as in {reason.lock}: {change_in_words(change)}"


KIND = Kind(
    code="lock-changed",
    severity="error",
    words=words,
    paragraph=(
        "With `--locked`: a target is not as `aotlens.lock` has it, or is not in it, or is no target any more. The "
        "differences are those of [`aotlens diff`](lock.md#compare), each at its line; the finding is at the first of "
        "them. If they are meant, `aotlens lock` accepts them."
    ),
    source="project",
    example=Finding(
        "lock-changed",
        "model.py",
        12,
        subjects=(Subject("target", "Scaled"),),
        reason=NotAsLocked("aotlens.lock", "changed", Numbers(0, 0, 0, 1, 0, 256, 0), 3),
    ),
)
