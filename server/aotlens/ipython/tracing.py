"""Traces the targets of a kernel in a tracer beside it, which stays for the next trace."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aotlens.cli.options import TraceOptions
from aotlens.session.examples.built import built_by
from aotlens.session.examples.candidates import candidates
from aotlens.session.examples.notebook_code import with_notebook_code
from aotlens.session.examples.pinned import definition_lines
from aotlens.session.limits import default_memory
from aotlens.session.tracer.client import TracerEnded
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.protocol import TraceParams

from .kernel_code import file_of_kernel, with_values
from .own_thread import OwnThread


class KernelTracer:
    """A tracer in the kernel's interpreter. It has a thread of its own: an event loop runs in that of a kernel."""

    def __init__(self) -> None:
        self._thread = OwnThread()
        self._tracer: TracerProcess | None = None

    def trace(
        self, names: Sequence[str], path: Path, text: str, variables: Mapping[str, Any], options: TraceOptions
    ) -> list[DescriptorMap]:
        """Return the maps of targets in the code of the kernel. Raises TracerUnusable and UnreadableAnswer."""
        return self._thread.call(lambda: self._trace(names, path, text, variables, options))

    def close(self) -> None:
        """End the tracer."""
        self._thread.call(self._close)

    def _trace(
        self, names: Sequence[str], path: Path, text: str, variables: Mapping[str, Any], options: TraceOptions
    ) -> list[DescriptorMap]:
        file, maps = file_of_kernel(path, text), []
        for name in names:
            examples = tuple(with_values(each, path, variables) for each in candidates(file, name, options.example))
            params = TraceParams(
                str(path),
                name,
                examples,
                convention=options.convention,
                memory=default_memory(),
                working_directory=str(path.parent),
                definition_lines=definition_lines(name, file.definitions, ()),
            )
            try:
                traced = self._started(path.parent).trace(with_notebook_code(params, text))
            except TracerEnded:
                self._close()
                raise
            maps.append(traced.map)
            if (built := built_by(traced.map, examples)) is not None:
                file = replace(file, built=(*file.built, built))
        return maps

    def _started(self, folder: Path) -> TracerProcess:
        if self._tracer is None:
            self._tracer = TracerProcess(sys.executable, str(folder))
        return self._tracer

    def _close(self) -> None:
        if self._tracer is not None:
            self._tracer.close()
            self._tracer = None
