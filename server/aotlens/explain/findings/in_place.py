"""The words for an input that is changed in place; buffers and arguments have them in common."""

from __future__ import annotations

from aotlens_tracer.wire.findings import InBackward, NewTensor

from .about import About


def change_in_words(about: About, noun: str) -> str:
    """`the buffer seen is changed in place: its new value is output 3 of the graph`."""
    what = about.form(f"the {noun}", f"the {noun}s")
    if isinstance(about.first.reason, NewTensor):
        they = about.form("it", "them")
        return f"{what} {about.names} {about.form('is', 'are')} replaced: the call gives {they} a new tensor"
    if about.first.reason == InBackward(again=True):
        twice = f"{what} {about.names} {about.form('is', 'are')} changed twice in each step: by the call, and once more"
        return f"{twice} by the backward pass, which computes a checkpoint again"
    if isinstance(about.first.reason, InBackward):
        return f"{what} {about.names} {about.form('is', 'are')} changed in place by the backward pass"
    verb = about.form("is", "are")
    if not about.first.outputs:  # torch.compile's graph writes to the input itself
        return f"{what} {about.names} {verb} changed in place"
    if about.several:
        value = "their new values are"
    else:
        value = "its new value is" if len(about.first.outputs) == 1 else "the pieces of its new value are"
    return f"{what} {about.names} {verb} changed in place: {value} {about.outputs} of the graph"
