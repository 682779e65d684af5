"""`aotlens report`: from targets on the command line to a page."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from aotlens.cli.asked import Asked, asked_for
from aotlens.cli.options import TraceOptions, UsageError
from aotlens.cli.output import path_label, print_user_output
from aotlens.cli.problems import advice
from aotlens.cli.progress import Progress
from aotlens.cli.run import TraceRun, Traces, unreadable_map
from aotlens.explain.visible import visible_line
from aotlens.page.document import page
from aotlens.session.files import read_python
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.process import TracerProcess
from aotlens.syntax.source import SourceTexts, UnreadableSource
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .page_file import check_page_file, write_page


def run_report(targets: Sequence[str], output: str, options: TraceOptions, *, show_output: bool) -> int:
    """Trace targets, and write the page about them. Return the exit status. Raises UsageError."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory no longer exists") from None
    if options.example is not None and len(targets) > 1:
        raise UsageError("--example is the call of one target: name that target alone")
    asked = [asked_for(target, options) for target in targets]
    sources = [Path(_path(each)) for each in asked]
    check_page_file(output, sources)  # before anything is traced
    traces = _trace(asked, options)
    print_user_output(traces.output, show_output)
    write_page(output, page(traces.maps, SourceTexts(read_python), path_label), sources)
    failed = sum(map.status != "traced" for map in traces.maps)
    count = f"{len(traces.maps)} target{'s' if len(traces.maps) != 1 else ''}"
    print(visible_line(f"{output}: {count}{f', {failed} that could not be traced' if failed else ''}"))
    return 1 if failed or not traces.maps else 0


def _path(asked: Asked) -> str:
    return asked.file.path if isinstance(asked.file, UnreadableSource) else str(asked.file.path)


def _trace(asked: Sequence[Asked], options: TraceOptions) -> Traces:
    """The maps of the targets, each once, in their order. Raises UsageError."""
    maps: dict[tuple[str, str], DescriptorMap] = {}
    output = ""
    tracer: TracerProcess | None = None
    progress, has_ended = Progress(), False
    try:
        with progress, contextlib.ExitStack() as opened:
            for each in asked:
                if (_path(each), each.qualname) in maps:
                    continue
                if isinstance(each.file, UnreadableSource):
                    traces = Traces([unreadable_map(each.file, each.qualname, options)], "")
                else:
                    if tracer is None:
                        tracer = opened.enter_context(TracerProcess(each.interpreter.path, os.getcwd(), False))
                    elif has_ended:
                        tracer.restart()
                    run = TraceRun(tracer, each.file, options, progress, each.worlds)
                    traces = run.asked(each.qualname)
                    has_ended = run.has_ended
                output += traces.output
                for map in traces.maps:
                    maps.setdefault((map.target.path, map.target.qualname), map)
    except TracerUnusable as error:
        raise UsageError(f"{error}\n{advice(error, asked[0].interpreter)}") from None
    return Traces(list(maps.values()), output)
