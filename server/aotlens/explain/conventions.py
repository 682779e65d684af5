"""The two calling conventions in words. Each numbers the inputs of a graph in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aotlens_tracer.wire.protocol import Convention

if TYPE_CHECKING:  # many classes, and only for their names
    from aotlens_tracer.wire.descriptor_map import Graph

NAMES: dict[Convention, str] = {"export": "torch.export", "compile": "torch.compile"}
"""The conventions as users know them."""


def numbering(convention: Convention) -> str:
    """`torch.compile's numbering`."""
    return f"{NAMES[convention]}'s numbering"


def of_graph(graph: Graph) -> Convention:
    """The convention of a graph."""
    return "compile" if graph.compiled is not None else "export"


def graphs_in_words(convention: Convention) -> str:
    """`the export graph`, `torch.compile's graphs`."""
    return "torch.compile's graphs" if convention == "compile" else "the export graph"
