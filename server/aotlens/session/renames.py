"""Recognizes a renamed target by the line of its definition when it was traced."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.syntax.definitions import Definition
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

if TYPE_CHECKING:
    from aotlens.syntax.step_places import StepPlace
    from aotlens_tracer.wire.descriptor_map import DescriptorMap


def successor(state: TargetState, document: Document, names: Collection[str]) -> str | None:
    """Return the target of `names` that now stands where a traced one stood; None if there is none.

    None also if the edits since the trace are no longer remembered.
    """
    if state.map is None and state.other.map is not None:
        state = state.swapped()
    target = state.map.target if state.map is not None else None
    version = state.versions.get(document.path)
    if target is None or target.line is None or version is None:
        return None
    # Only the first character of the line is carried: the rename itself has touched the rest.
    now = document.carry(version, Span(document.path, target.line, 1, target.line, 2))
    targets: list[Definition | StepPlace] = [*document.definitions, *document.steps]
    here = [each.qualname for each in targets if now is not None and each.line == now.line and each.qualname in names]
    return here[0] if here else None


def renamed(state: TargetState, qualname: str) -> TargetState:
    """Return the state of a traced target under its new name. Its maps are stale."""
    other = replace(state.other, map=_renamed(state.other.map, qualname))
    key = TargetKey(state.key.path, qualname)
    attempt = _renamed(state.attempt, qualname)
    return replace(state, key=key, map=_renamed(state.map, qualname), other=other, attempt=attempt).outdated()


def _renamed(map: DescriptorMap | None, qualname: str) -> DescriptorMap | None:
    return replace(map, target=replace(map.target, qualname=qualname)) if map is not None else None
