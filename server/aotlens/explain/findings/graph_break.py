"""Dynamo cannot capture the whole call as one graph."""

from __future__ import annotations

from aotlens.explain.graph_breaks import break_in_words
from aotlens_tracer.wire.findings import Broken, Finding, Subject
from aotlens_tracer.wire.graph_breaks import GraphBreak

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The reason in torch's own words, after what follows from it."""
    target, reason = about.first.subjects[0].name, about.first.reason
    assert isinstance(reason, Broken)
    item = reason.by
    why = break_in_words(item)
    if item.by == "aotautograd":
        return f"{target} is not captured through Dynamo: {why}"
    return f"Dynamo cannot take the whole of {target}: {why}" if item.effect == "stops" else why


KIND = Kind(
    code="graph-break",
    severity="warning",
    words=words,
    paragraph=(
        "Dynamo cannot take the whole call, or AOTAutograd refuses the graph that Dynamo made of it; the message gives "
        "the reason in torch's words, and the place is its line. Under the compile convention each break of the call "
        "is reported, with what follows: two graphs with eager code between them, or the rest of the function in eager."
    ),
    example=Finding(
        "graph-break",
        "model.py",
        20,
        subjects=(Subject("target", "Router"),),
        reason=Broken(GraphBreak("Data-dependent branching")),
    ),
)
