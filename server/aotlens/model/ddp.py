"""The gradients that DistributedDataParallel waits for, as the traced call gives them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from aotlens_tracer.wire.descriptor_map import DescriptorMap, Finding
from aotlens_tracer.wire.findings import ReachesKept

from .ddp_errors import Named
from .gradient_sources import sources, with_tangent
from .gradients import InPieces, Own, Tied
from .index import MapIndex, index_of
from .slots import Entry, Result, fqn_of, whole_name


@dataclass(frozen=True)
class Awaited:
    """A parameter that DDP reduces, and its gradient in the traced call.

    `gradient` is none, kept (it comes only through a tensor that the call keeps, if the loss uses that), some (it comes
    only from the outputs in `sources`), every (whichever output the loss uses) or unknown (there is no graph).
    `entry` is its input; None without a graph.
    """

    index: int
    name: str
    gradient: Literal["none", "kept", "some", "every", "unknown"]
    entry: Entry | None = None
    sources: tuple[Result, ...] = ()


class Awaiting:
    """The gradients of a traced module."""

    def __init__(self, map: DescriptorMap) -> None:
        self.index: MapIndex = index_of(map)
        self._eager = map.eager_run

    def awaited(self, named: Named) -> Awaited:
        """Return what the traced call gives to a parameter. The run in eager counts before the graph."""
        names = named.parameter.names
        entry = next((self._entries[name] for name in names if name in self._entries), None)
        if entry is None:
            return Awaited(named.index, names[0], "unknown")
        if not self._is_given(names, entry):
            finding = self.index.without_gradient(entry.slot)
            kind: Literal["none", "kept"] = "kept" if _is_through_kept(finding) else "none"
            return Awaited(named.index, names[0], kind, entry)
        found = sources(entry, self.index)
        is_some = 0 < len(found) < with_tangent(entry)
        return Awaited(named.index, names[0], "some" if is_some else "every", entry, found)

    def _is_given(self, names: tuple[str, ...], entry: Entry) -> bool:
        for known in self._eager.gradients if self._eager is not None else ():
            if known.kind == "parameter" and known.names[0] in names:
                return known.present
        return isinstance(self.index.gradient(entry), (Own, InPieces, Tied))

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for entry in self.index.entries:
            if fqn_of(entry.slot) is not None:
                found.setdefault(whole_name(entry.slot), entry)
        return found


def _is_through_kept(finding: Finding | None) -> bool:
    return finding is not None and isinstance(finding.reason, ReachesKept)
