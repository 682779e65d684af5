"""Recognizes a renamed target by the line of its definition when it was traced."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span


def successor(state: TargetState, document: Document, names: Collection[str]) -> str | None:
    """Return the target of `names` that now stands where a traced one stood; None if there is none.

    None also if the edits since the trace are no longer remembered.
    """
    target = state.map.target if state.map is not None else None
    version = state.versions.get(document.path)
    if target is None or target.line is None or version is None:
        return None
    # Only the first character of the line is carried: the rename itself has touched the rest.
    now = document.carry(version, Span(document.path, target.line, 1, target.line, 2))
    here = [d.qualname for d in document.definitions if now is not None and d.line == now.line]
    return here[0] if here and here[0] in names else None


def renamed(state: TargetState, qualname: str) -> TargetState:
    """Return the state of a traced target under its new name. Its map is stale."""
    assert state.map is not None
    map = replace(state.map, target=replace(state.map.target, qualname=qualname))
    return replace(state, key=TargetKey(state.key.path, qualname), map=map).outdated()
