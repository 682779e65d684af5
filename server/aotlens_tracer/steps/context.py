"""The context that all steps of a trace share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..failures import Codebase
from ..graph.birthplaces import Birthplaces
from ..torch_private import AutocastOfCuda, FakeCall, InCluster, settings_of_results
from ..values.process import Beside, Recording
from ..wire.protocol import TraceParams
from .progress import Draft, Phases, Send


@dataclass(frozen=True)
class Context:
    """The request, the code that it is about, the places where things are made, and ways to report.

    `recording` and `folding` are processes beside this one: for the recorded values, and for a provisional map.
    `calls` are those on fake tensors whose results torch did not have, and `settings` what such results depend on, as
    it was before user code ran. `cluster` is that of which this process is one rank, and `autocast` says whether an
    autocast for CUDA was entered without CUDA.
    """

    params: TraceParams
    codebase: Codebase
    birthplaces: Birthplaces
    phases: Phases
    draft: Draft
    send: Send
    recording: Recording
    folding: Beside = field(default_factory=lambda: Beside(None))
    calls: list[FakeCall] = field(default_factory=list)
    settings: Sequence[Any] = field(default_factory=settings_of_results)
    cluster: InCluster = field(default_factory=lambda: InCluster(None))
    autocast: AutocastOfCuda = field(default_factory=AutocastOfCuda)
