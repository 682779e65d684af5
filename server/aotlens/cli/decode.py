"""`aotlens decode`: from a log to the names of its numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from aotlens.explain.annotated_log import annotated
from aotlens.explain.failures import message
from aotlens.explain.log_report import nothing_found, report
from aotlens.explain.render.decode_json import decode_json
from aotlens.explain.visible import visible, visible_output
from aotlens.logs.graphs import Log
from aotlens.logs.named import LogNames
from aotlens.logs.names import names_of
from aotlens.logs.text import parse_log
from aotlens.logs.trace_folder import is_trace, read_trace_folder, read_trace_text
from aotlens.logs.trace_records import is_trace_text
from aotlens.model.log_naming import Matched, named_by_maps, with_mentions_of_model
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .options import TraceOptions, UsageError
from .output import path_label, print_blocks, print_json
from .trace import trace_conventions

_STDIN = "-"


@dataclass(frozen=True)
class DecodeOptions:
    """The options of `aotlens decode`. `model` is `FILE::Class`; None to use the log alone."""

    model: str | None = None
    example: str | None = None
    format: Literal["text", "json"] = "text"
    annotate: bool = False
    full: bool = False
    python: str | None = None
    timeout: float = 120.0


@dataclass(frozen=True)
class _Source:
    """A log that was read. `text` is None for a folder or file of a trace."""

    label: str
    log: Log
    text: str | None


def run_decode(source: str, options: DecodeOptions) -> int:
    """Name what stands in a log: a file, a folder of `TORCH_TRACE`, or `-` for stdin. Return the exit status.

    Raises UsageError.
    """
    if options.annotate and options.format == "json":
        raise UsageError("--annotate writes the log: leave out --format json, which has all names and their places")
    if options.example is not None and options.model is None:
        raise UsageError("--example is a call of a model: give --model FILE::Class too")
    read = _read(source)
    names = names_of(read.log)
    matches: Sequence[Matched | None] | None = None
    if options.model is not None and (names.graphs or names.mentions):
        graphs = [graph for map in _maps(names, options) for graph in map.graphs]
        found = named_by_maps(names, graphs)
        names, matches = with_mentions_of_model(found.names, graphs), found.matches
    _print(read, names, matches, options)
    return 0 if _has_answer(names) else 1


def _print(read: _Source, names: LogNames, matches: Sequence[Matched | None] | None, options: DecodeOptions) -> None:
    if options.format == "json":
        print_json(decode_json(names, read.label, matches))
    elif options.annotate:
        if read.text is None:
            raise UsageError("--annotate writes a text: torch hashes what stands in a TORCH_TRACE folder")
        text = annotated(read.text, names)
        print(visible_output(text) if sys.stdout.isatty() else text, end="")
    elif not _has_answer(names):
        print_blocks(nothing_found(read.log, read.label))
    else:
        by_graph = None
        if matches is not None:
            by_graph = {id(graph): found for graph, found in zip(read.log.graphs, matches, strict=True)}
        print_blocks(report(names, read.label, by_graph, path_label, options.full))


def _has_answer(names: LogNames) -> bool:
    """Whether the text has a graph, or a name that the model explains."""
    return bool(names.graphs) or any(item.found for item in names.mentions)


def _read(source: str) -> _Source:
    if source == _STDIN:
        return _text_source("stdin", sys.stdin.buffer.read())
    path = Path(source)
    if not os.path.exists(path):
        raise UsageError(f"{source} does not exist")
    if is_trace(path):
        return _Source(path_label(str(path)), read_trace_folder(path), None)
    try:
        if _is_device(path):
            raise UsageError(f"{source} is a device, not a log")
        return _text_source(path_label(str(path)), path.read_bytes(), path)
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}") from None


def _is_device(path: Path) -> bool:
    """Whether a path leads to a device that may have no end, such as `/dev/zero`: neither a pipe nor a terminal."""
    if not path.is_char_device() or str(path) == os.devnull:
        return False
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOCTTY", 0))
    try:
        return not os.isatty(descriptor)
    finally:
        os.close(descriptor)


def _text_source(label: str, data: bytes, path: Path | None = None) -> _Source:
    text = _decoded(label, data)
    if is_trace_text(text):
        return _Source(label, read_trace_text(path or Path(label), text), None)
    return _Source(label, parse_log(text), text)


def _decoded(label: str, data: bytes) -> str:
    """The text of a log. Raises UsageError if there is none."""
    if not data.strip():
        raise UsageError(f"{label} is empty: pipe or name a log, such as what TORCH_LOGS writes on stderr (2>&1)")
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data[:8192]:
        raise UsageError(f"{label} is not text")
    return data.decode("utf-8-sig", "replace")


def _maps(names: LogNames, options: DecodeOptions) -> list[DescriptorMap]:
    """The maps of the model, in the conventions that the log's graphs have."""
    proven = {graph.graph.convention for graph in names.graphs if graph.graph.kind != "body"}
    conventions = [name for name in ("compile", "export") if name in proven] or ["compile", "export"]
    if None in proven and "compile" not in proven:
        conventions = ["compile", "export"]
    trace_options = TraceOptions(
        options.example, python=options.python, timeout=options.timeout, eager=False, full=options.full
    )
    maps = trace_conventions(options.model or "", [replace(trace_options, convention=name) for name in conventions])
    if not any(map.graphs for map in maps):
        print(visible(f"{options.model} has no graph to compare the log with:"), file=sys.stderr)
        for map in maps:
            if map.failure is not None:
                print(visible(f"  {map.convention}: {message(map.failure)}"), file=sys.stderr)
    return maps
