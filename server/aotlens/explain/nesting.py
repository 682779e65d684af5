"""Illegally nested descriptors in words."""

from __future__ import annotations

from aotlens.model.descriptor_nesting import IllegalNesting
from aotlens.model.descriptors import stage


def nesting_in_words(nesting: IllegalNesting) -> str:
    """One or two sentences, in Markdown: what the outer class never wraps, and the order that was probably intended."""
    outer, inner = nesting.outer, nesting.inner
    if nesting.offence == "wraps-nothing":
        return f"`{outer}` wraps no other descriptor."
    if nesting.offence == "wrong-side":
        expected, given = ("an input", "an output") if nesting.wraps == "Input" else ("an output", "an input")
        return f"`{outer}` wraps {expected}, but `{inner}` is {given}."
    if nesting.offence == "underivable":
        return f"`{outer}` never wraps `{inner}`: nothing is derived from it."
    if nesting.offence == "double-backward":
        return f"`{outer}` never wraps `{inner}`: AOTAutograd has no double backward."
    text = f"`{outer}` comes from {stage(outer)}, which runs before {stage(inner)}: it never wraps `{inner}`."
    return text + (f" Did you mean `{nesting.corrected.descriptor}`?" if nesting.corrected is not None else "")
