"""`aotlens report`: from targets on the command line to a page."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from aotlens.cli.options import TraceOptions, UsageError, check
from aotlens.cli.output import path_label, print_user_output
from aotlens.cli.problems import advice
from aotlens.cli.progress import Progress
from aotlens.cli.run import TraceRun, Traces, Worlds, unreadable_map
from aotlens.cli.target import parse_target
from aotlens.cli.trace import read_target, worlds_of
from aotlens.explain.visible import visible_line
from aotlens.page.document import page
from aotlens.session.examples.candidates import File
from aotlens.session.files import read_python
from aotlens.session.project_file import BadProjectFile
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.interpreter import Interpreter, NoSuchInterpreter, choose_interpreter
from aotlens.session.tracer.process import TracerProcess
from aotlens.syntax.source import SourceTexts, UnreadableSource
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .page_file import check_page_file, write_page

Target = tuple[Path, "str | None"]


def run_report(targets: Sequence[str], output: str, options: TraceOptions, *, show_output: bool) -> int:
    """Trace targets, and write the page about them. Return the exit status. Raises UsageError."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory no longer exists") from None
    asked = list(dict.fromkeys(parse_target(target) for target in targets))
    for _, qualname in asked:
        check(options, qualname)
    if options.example is not None and len(asked) > 1:
        raise UsageError("--example is the call of one target: name that target alone")
    sources = [path for path, _ in asked]
    check_page_file(output, sources)  # before anything is traced
    try:
        interpreter = choose_interpreter(options.python, os.environ)
        known = {path: _read(path, options) for path in sources}
    except (NoSuchInterpreter, BadProjectFile) as error:
        raise UsageError(str(error)) from None
    traces = _trace(asked, known, options, interpreter)
    print_user_output(traces.output, show_output)
    write_page(output, page(traces.maps, SourceTexts(read_python), path_label), sources)
    failed = sum(map.status != "traced" for map in traces.maps)
    count = f"{len(traces.maps)} target{'s' if len(traces.maps) != 1 else ''}"
    print(visible_line(f"{output}: {count}{f', {failed} that could not be traced' if failed else ''}"))
    return 1 if failed or not traces.maps else 0


Known = tuple[File, Worlds] | UnreadableSource


def _read(path: Path, options: TraceOptions) -> Known:
    """The known facts of a file, or the reason why it cannot be read. Raises UsageError and BadProjectFile."""
    try:
        return read_target(path, options), worlds_of(path, options)
    except UnreadableSource as error:
        return error


def _trace(
    asked: Sequence[Target], known: dict[Path, Known], options: TraceOptions, interpreter: Interpreter
) -> Traces:
    """The maps of the targets, each once, in their order. Raises UsageError."""
    maps: dict[tuple[str, str], DescriptorMap] = {}
    output = ""
    tracer: TracerProcess | None = None
    progress, has_ended = Progress(), False
    try:
        with progress, contextlib.ExitStack() as opened:
            for path, qualname in asked:
                if (str(path), qualname) in maps:
                    continue
                file = known[path]
                if isinstance(file, UnreadableSource):
                    traces = Traces([unreadable_map(file, qualname, options)], "")
                else:
                    if tracer is None:
                        tracer = opened.enter_context(TracerProcess(interpreter.path, os.getcwd(), False))
                    elif has_ended:
                        tracer.restart()
                    run = TraceRun(tracer, file[0], options, progress, file[1])
                    traces = run.all() if qualname is None else run.named(qualname)
                    has_ended = run.has_ended
                output += traces.output
                for map in traces.maps:
                    maps.setdefault((map.target.path, map.target.qualname), map)
    except TracerUnusable as error:
        raise UsageError(f"{error}\n{advice(error, interpreter)}") from None
    return Traces(list(maps.values()), output)
