"""The part of a traced file that stays in memory while others are traced: a project may have thousands of classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aotlens.model.snapshot import TargetState
from aotlens_tracer.wire.descriptor_map import DescriptorMap

Retain = Callable[[TargetState], TargetState]
"""Makes of a target what stays of it."""


def everything(state: TargetState) -> TargetState:
    """The target as it is."""
    return state


def for_locks(state: TargetState) -> TargetState:
    """The target without recorded values: what locks and findings are made of.

    The latest attempts of training steps that fail stay too: what the script guesses tells who is to blame.
    """
    return _with_maps(state, lambda map: replace(map, values=None))


def for_findings(state: TargetState) -> TargetState:
    """The target without the operations of its graphs too: what findings are made of.

    Which model answers for a line is decided by names and files, which stay.
    """
    return _with_maps(state, _without_operations)


def _with_maps(state: TargetState, lighter: Callable[[DescriptorMap], DescriptorMap]) -> TargetState:
    map, other = state.map, state.other
    attempt = state.attempt if state.failure is not None else None
    return replace(
        state,
        map=lighter(map) if map is not None else None,
        other=replace(other, map=lighter(other.map)) if other.map is not None else other,
        attempt=lighter(attempt) if attempt is not None and attempt.step is not None else None,
    )


def _without_operations(map: DescriptorMap) -> DescriptorMap:
    graphs = tuple(replace(graph, operations=(), bodies=()) for graph in map.graphs)
    return replace(map, values=None, graphs=graphs)
