"""`aotlens trace`: from a target on the command line to printed maps."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from aotlens.explain.fence import gaps_in_words
from aotlens.explain.visible import visible_output
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.process import TracerProcess
from aotlens.syntax.source import UnreadableSource
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .asked import asked_for
from .options import TraceOptions, UsageError
from .output import print_maps, print_tracebacks, print_user_output
from .problems import advice
from .progress import Progress
from .run import TraceRun, unreadable_map


def run_trace(target: str, options: TraceOptions, *, show_output: bool, verbose: bool, spawn: bool) -> int:
    """Trace a target, `PATH` or `PATH::Qualname`, and print its maps. Return the exit status. Raises UsageError."""
    try:
        here = os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory no longer exists") from None
    asked = asked_for(target, options)
    if isinstance(asked.file, UnreadableSource):
        print_maps([unreadable_map(asked.file, asked.qualname, options)], None, options)
        return 1
    progress = Progress()
    try:
        with progress, TracerProcess(asked.interpreter.path, here, spawn) as tracer:
            traces = TraceRun(tracer, asked.file, options, progress, asked.worlds).asked(asked.qualname)
            torch, missing = tracer.ready.torch, gaps_in_words(tracer.ready.gaps)
            if verbose and (log := tracer.log().strip()):
                print(visible_output(log), file=sys.stderr)
    except TracerUnusable as error:
        raise UsageError(f"{error}\n{advice(error, asked.interpreter)}") from None
    print_maps(traces.maps, torch, options)
    if options.explain and missing is not None:
        print(f"fence around traces: {missing}", file=sys.stderr)
    if verbose:
        print_tracebacks(traces.maps)
    print_user_output(traces.output, show_output)
    return 0 if traces.maps and all(map.status == "traced" for map in traces.maps) else 1


def trace_conventions(target: str, choices: Sequence[TraceOptions]) -> list[DescriptorMap]:
    """The maps of a target `PATH::Qualname`, one for each of several options that differ in what is captured.

    Raises UsageError.
    """
    asked = asked_for(target, choices[0])
    if asked.qualname is None:
        raise UsageError(f"--model names a class or function in a file: {target}::Name")
    if isinstance(asked.file, UnreadableSource):
        raise UsageError(str(asked.file))
    progress = Progress()
    maps: list[DescriptorMap] = []
    try:
        with progress, TracerProcess(asked.interpreter.path, os.getcwd(), False) as tracer:
            for options in choices:
                maps += TraceRun(tracer, asked.file, options, progress, asked.worlds).one(asked.qualname).maps
    except TracerUnusable as error:
        raise UsageError(f"{error}\n{advice(error, asked.interpreter)}") from None
    return maps
