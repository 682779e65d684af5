"""Illegally nested descriptors as the reason of a finding, and in words."""

from __future__ import annotations

from aotlens.model.descriptor_nesting import IllegalNesting
from aotlens_tracer.wire.findings import NeverWraps

from .findings.illegal_descriptor_nesting import reason_in_words


def reason_of(nesting: IllegalNesting) -> NeverWraps:
    """The reason of the finding about a nesting."""
    corrected = nesting.corrected.descriptor if nesting.corrected is not None else None
    return NeverWraps(nesting.offence, nesting.outer, nesting.inner, nesting.wraps, corrected)


def nesting_in_words(nesting: IllegalNesting) -> str:
    """One or two sentences, in Markdown: what the outer class never wraps, and the order that was probably intended."""
    return reason_in_words(reason_of(nesting))
