"""A `TORCH_TRACE` folder as a log: its compilations, their graphs, breaks and guards, and where each input comes from.

A trace names the inputs of each graph exactly, without the model: `aot_joint_graph` counts the inputs of
`dynamo_output_graph`, whose names Dynamo made of the expressions that `describe_source` and `create_symbol` list.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from aotlens_tracer.wire.regular_files import walk

from .graphs import Log, LoggedCompile, LoggedGraph, UnreadablePart
from .trace_compiles import WANTED, Compiles
from .trace_records import TraceFile

_NAME = "dedicated_log_torch_trace_*.log"
"""The names that torch gives the files. In a distributed run, `rank_0_` comes before the random part."""


def read_trace_folder(path: Path) -> Log:
    """The log of a `TORCH_TRACE` folder, or of one of its files.

    Lines are those of the file that `CompileId.process` names. Graphs of abandoned attempts are left out. Parts that
    cannot be read are listed in `Log.unreadable`; nothing is raised.
    """
    try:
        files = _files(path)
    except OSError:
        return Log((), unreadable=[UnreadablePart(str(path), None, "permission")])
    if not files:
        return Log((), unreadable=[UnreadablePart(str(path), None, "missing")])
    return _read([TraceFile(file) for file in files])


def read_trace_text(path: Path, text: str) -> Log:
    """The log of one file of a `TORCH_TRACE` folder that is open with this text."""
    return _read([TraceFile(path, text)])


def _read(traces: Sequence[TraceFile]) -> Log:
    graphs: list[LoggedGraph] = []
    compiles: list[LoggedCompile] = []
    unreadable: list[UnreadablePart] = []
    read = []
    for trace in traces:
        found = Compiles(trace.path.name)
        for record in trace.records(WANTED.__contains__):
            found.add(record)
        unreadable += trace.unreadable
        read.append((found, trace.started))
    # The names of files are random: ranks come in their order, and files of one rank in the order of their beginnings.
    for found, _ in sorted(read, key=lambda item: (-1 if item[0].rank is None else item[0].rank, item[1])):
        graphs += found.graphs()
        compiles += found.compiles()
    return Log(graphs, compiles, unreadable)


def is_trace(path: Path) -> bool:
    """Whether a path is a folder or a file that `read_trace_folder` reads, by its name alone."""
    return os.path.isdir(path) or path.match(_NAME)


def _files(path: Path) -> list[Path]:
    """The files of traces in a folder, or below it; without any, all its logs. A file stands for itself."""
    if not os.path.isdir(path):
        return [path] if os.path.exists(path) else []
    ways: tuple[Iterator[Path], ...] = (path.glob(_NAME), _below(path), path.glob("*.log"))
    return next((found for way in ways if (found := sorted(way))), [])


def _below(path: Path) -> Iterator[Path]:
    for folder, _, files in walk(str(path)):
        yield from (Path(folder, name) for name in fnmatch.filter(files, _NAME))
