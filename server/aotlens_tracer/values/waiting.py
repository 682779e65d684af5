"""The process that records values beside the one that traces: when it can be, and how long it is waited for.

Without torch: the tracer's loop uses it before torch is imported.
"""

from __future__ import annotations

from ..wire.protocol import ExampleSource

FIRST_SECONDS = 10.0
"""Seconds for the first values."""
MORE_SECONDS = 1.0
"""Seconds for the rest once the first were sent."""


def can_be_recorded_apart(source: ExampleSource) -> bool:
    """Whether a process that builds the example itself gets the same one: not if it is guessed or found in a call."""
    if source.passed or source.left_out:
        return False
    return bool(source.expression.strip()) and source.root is None and source.origin != "inferred"
