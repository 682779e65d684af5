"""The things that the sessions of one command share. They do not let the answer for a file depend on another one."""

from __future__ import annotations

from dataclasses import dataclass, field

from .examples.call_sites import CallSitesOfFolders
from .tracer.pool import TracerPool


@dataclass(frozen=True)
class Batch:
    """The tracers, which start slowly, and the calls that were found in the files of a project."""

    tracers: TracerPool
    call_sites: CallSitesOfFolders = field(default_factory=CallSitesOfFolders)
