"""The tracer of a server for agents: it outlives the calls, since importing torch takes most of a short trace."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from aotlens.cli.asked import NO_TEXTS, asked_for
from aotlens.cli.options import TraceOptions, UsageError
from aotlens.cli.problems import advice
from aotlens.cli.run import TraceRun, unreadable_map
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.process import TracerProcess
from aotlens.syntax.source import UnreadableSource

from .calls import Call
from .recent import Recent, Traced


class Tracing:
    """Traces what one call after another asks for. All methods block."""

    def __init__(self) -> None:
        self._tracer: TracerProcess | None = None
        self._python = ""
        self._recent = Recent()

    def trace(self, target: str, options: TraceOptions, call: Call, texts: Mapping[str, str] = NO_TEXTS) -> Traced:
        """Trace `PATH` or `PATH::Qualname` as `aotlens trace` does. Raises UsageError and Stopped."""
        asked = asked_for(target, options, texts)
        if isinstance(asked.file, UnreadableSource):
            return Traced([unreadable_map(asked.file, asked.qualname, options)])
        if (known := self._recent.answer(asked, options, texts)) is not None:
            return known
        begun = time.time_ns()
        try:
            tracer = self._started(asked.interpreter.path, call)
            with call.ended_by(tracer.cancel):
                found = TraceRun(tracer, asked.file, options, call, asked.worlds, texts).asked(asked.qualname)
        except TracerUnusable as error:
            self.close()
            raise UsageError(f"{error}\n{advice(error, asked.interpreter)}") from None
        traced = Traced(found.maps, tracer.ready.torch, found.output)
        self._recent.add(asked, options, texts, traced, begun)
        return traced

    def close(self) -> None:
        """End the tracer."""
        if self._tracer is not None:
            tracer, self._tracer = self._tracer, None
            tracer.close()

    def _started(self, python: str, call: Call) -> TracerProcess:
        """The running tracer, or a new one. Raises TracerUnusable and Stopped."""
        if self._tracer is not None and (self._python != python or not self._tracer.still_runs()):
            self.close()
        if self._tracer is None:
            call.say("starting the tracer (importing torch)")
            self._tracer, self._python = TracerProcess(python, os.getcwd()), python
        return self._tracer
