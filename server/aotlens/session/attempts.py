"""The latest attempt to trace a target: what it knows without any graph, while it runs and if it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aotlens.model.snapshot import TargetState

from .partial_maps import PartialMaps

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap

_FIELDS = ("target", "example", "modules", "ddp_parameters", "state", "values")
"""The fields of a map that need no graph."""


class Attempts:
    """Shows the map of a running trace without its graphs.

    An earlier attempt with values stays until the new one has values too, so that nothing disappears during a trace.
    `earlier` is that attempt, None if there was none.
    """

    def __init__(self, partial: PartialMaps, earlier: DescriptorMap | None) -> None:
        self._partial = partial
        self._has_values = earlier is not None and earlier.values is not None
        self._shown: dict[str, Any] = {}

    def add(self, fields: Mapping[str, Any]) -> None:
        """Show what these fields of a map, as JSON, say without a graph, if they say something new."""
        if self._has_values and fields.get("values") is None:
            return
        known = {name: fields[name] for name in _FIELDS if name in fields}
        if known.keys() != self._shown.keys() or any(known[name] is not self._shown[name] for name in known):
            self._shown = known
            self._partial.add(known)


def with_attempt(
    state: TargetState, attempt: DescriptorMap, versions: Mapping[str, int], stale: bool = False
) -> TargetState:
    """Return the state with the latest attempt.

    An attempt that ended before anything was built, as that of a file with a syntax error, leaves the one before it,
    which is stale then.
    """
    before = state.attempt
    if not attempt.modules and attempt.values is None and before is not None:
        return replace(state, attempt_stale=True)
    return replace(state, attempt=attempt, attempt_versions=MappingProxyType(dict(versions)), attempt_stale=stale)
