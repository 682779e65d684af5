"""The context that all steps of a trace share."""

from __future__ import annotations

from dataclasses import dataclass

from ..failures import Codebase
from ..graph.birthplaces import Birthplaces
from ..values.process import Recording
from ..wire.protocol import TraceParams
from .progress import Draft, Phases, Send


@dataclass(frozen=True)
class Context:
    """The request, the code that it is about, the places where things are made, and ways to report."""

    params: TraceParams
    codebase: Codebase
    birthplaces: Birthplaces
    phases: Phases
    draft: Draft
    send: Send
    recording: Recording
