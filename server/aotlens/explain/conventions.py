"""The two calling conventions in words. Each numbers the inputs of a graph in its own way."""

from __future__ import annotations

from aotlens_tracer.wire.protocol import Convention

NAMES: dict[Convention, str] = {"export": "torch.export", "compile": "torch.compile"}
"""The conventions as users know them."""


def numbering(convention: Convention) -> str:
    """`torch.compile numbering`."""
    return f"{NAMES[convention]} numbering"


def graphs_in_words(convention: Convention) -> str:
    """`the export graph`, `torch.compile's graphs`."""
    return "torch.compile's graphs" if convention == "compile" else "the export graph"
