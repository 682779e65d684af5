"""The values that are saved for backward are not known."""

from __future__ import annotations

from aotlens.explain.failures import brief
from aotlens_tracer.wire.findings import Finding, PartitionFailed
from aotlens_tracer.wire.problems import Raised

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """Who failed, and the error in one line."""
    reason = about.first.reason
    assert isinstance(reason, PartitionFailed)
    what = "the call fails without a capture" if reason.in_eager else "torch's partitioner failed"
    return f"{what}, so nothing is known of what is saved for backward: {brief(reason.problem)}"


KIND = Kind(
    code="partition-failed",
    severity="warning",
    words=words,
    paragraph=(
        "Torch's partitioner failed, or with `--partitioner eager` the call itself, so nothing is known of what is "
        "saved."
    ),
    example=Finding(
        "partition-failed",
        "model.py",
        8,
        reason=PartitionFailed(False, Raised("AssertionError", "node add_3 was invalid")),
    ),
)
