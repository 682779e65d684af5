"""The state of a target after an event of its trace: a stage, a map, a failure. Each belongs to one convention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from aotlens.model.snapshot import OtherMap, TargetState
from aotlens_tracer.wire.protocol import Convention

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap
    from aotlens_tracer.wire.failures import Failure


def under_way(state: TargetState, convention: Convention, stage: str) -> TargetState:
    """Return the state while this convention is traced."""
    if state.convention == convention:
        return replace(state, status="tracing", stage=stage)
    return replace(state, other=replace(state.other, is_under_way=True))


def with_map(
    state: TargetState, convention: Convention, map: DescriptorMap, versions: Mapping[str, int], stale: bool = False
) -> TargetState:
    """Return the state with a map of this convention. A whole map ends a failure of before; a partial one does not."""
    kept = MappingProxyType(dict(versions))
    is_whole = map.status == "traced"
    if state.convention == convention:
        failure = None if is_whole else state.failure
        return replace(state, map=map, versions=kept, stale=stale, changed="code", failure=failure)
    return (
        replace(state, other=OtherMap(map, kept, stale, is_under_way=state.other.is_under_way)) if is_whole else state
    )


def without_partial(state: TargetState, convention: Convention) -> TargetState:
    """Return the state without a map of a trace that did not get to its end."""
    if state.convention == convention and state.map is not None and state.map.status != "traced":
        return replace(state, map=None, versions=MappingProxyType({}), stale=False)
    return state


def failed(
    state: TargetState,
    convention: Convention,
    failure: Failure | None,
    by_trace: bool = False,
    versions: Mapping[str, int] = MappingProxyType({}),
) -> TargetState:
    """Return the state after a trace of this convention failed.

    If the trace itself failed (`by_trace`), and not the tracer, an earlier map is stale. `versions` are those of the
    open documents when it began.
    """
    if state.convention == convention:
        stale = state.stale or (by_trace and state.map is not None)
        kept = MappingProxyType(dict(versions))
        return replace(state, status="failed", failure=failure, failure_versions=kept, stale=stale, stage=None)
    stale = state.other.stale or (by_trace and state.other.map is not None)
    return replace(state, other=replace(state.other, failure=failure, stale=stale, is_under_way=False))


def ended(state: TargetState, convention: Convention) -> TargetState:
    """Return the state after a trace of this convention gave its map."""
    if state.convention == convention:
        return replace(state, status="traced", draft=None, failure=None, stage=None)
    return replace(state, other=replace(state.other, is_under_way=False))
