"""`aotlens decode`: from a log to the names of its numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from aotlens.explain.annotated_log import annotated
from aotlens.explain.blocks import Block
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


Trace = Callable[[str, Sequence[TraceOptions]], list[DescriptorMap]]
"""Traces a target in several conventions. Raises UsageError."""


@dataclass(frozen=True)
class Source:
    """A log that was read. `text` is None for a folder or file of a trace."""

    label: str
    log: Log
    text: str | None


@dataclass(frozen=True)
class Decoded:
    """A log and the names in it; with a model, the graph of it that each graph of the log is."""

    source: Source
    names: LogNames
    matches: Sequence[Matched | None] | None

    @property
    def has_answer(self) -> bool:
        """Whether the text has a graph, or a name that the model explains."""
        return bool(self.names.graphs) or any(item.found for item in self.names.mentions)

    def as_json(self) -> dict[str, Any]:
        """The names as one JSON object, schema `aotlens.decode/1`."""
        return decode_json(self.names, self.source.label, self.matches)

    def report(self, full: bool) -> Sequence[Block]:
        """The names for a person."""
        if not self.has_answer:
            return nothing_found(self.source.log, self.source.label)
        by_graph = None
        if self.matches is not None:
            by_graph = {id(graph): found for graph, found in zip(self.source.log.graphs, self.matches, strict=True)}
        return report(self.names, self.source.label, by_graph, path_label, full)


def run_decode(source: str, options: DecodeOptions) -> int:
    """Name what stands in a log: a file, a folder of `TORCH_TRACE`, or `-` for stdin. Return the exit status.

    Raises UsageError.
    """
    if options.annotate and options.format == "json":
        raise UsageError("--annotate writes the log: leave out --format json, which has all names and their places")
    if options.example is not None and options.model is None:
        raise UsageError("--example is a call of a model: give --model FILE::Class too")
    decoded = decode(_read(source), options, trace_conventions)
    _print(decoded, options)
    return 0 if decoded.has_answer else 1


def decode(source: Source, options: DecodeOptions, trace: Trace) -> Decoded:
    """Name what stands in a log. Raises UsageError."""
    names = names_of(source.log)
    matches: Sequence[Matched | None] | None = None
    if options.model is not None and (names.graphs or names.mentions):
        graphs = [graph for map in _maps(names, options, trace) for graph in map.graphs]
        found = named_by_maps(names, graphs)
        names, matches = with_mentions_of_model(found.names, graphs), found.matches
    return Decoded(source, names, matches)


def _print(decoded: Decoded, options: DecodeOptions) -> None:
    if options.format == "json":
        print_json(decoded.as_json())
    elif options.annotate:
        if decoded.source.text is None:
            raise UsageError("--annotate writes a text: torch hashes what stands in a TORCH_TRACE folder")
        text = annotated(decoded.source.text, decoded.names)
        print(visible_output(text) if sys.stdout.isatty() else text, end="")
    else:
        print_blocks(decoded.report(options.full))


def _read(source: str) -> Source:
    return text_source("stdin", sys.stdin.buffer.read()) if source == _STDIN else log_at(source)


def log_at(source: str) -> Source:
    """The log in a file, or in a folder of `TORCH_TRACE`. Raises UsageError."""
    path = Path(source)
    if not os.path.exists(path):
        raise UsageError(f"{source} does not exist")
    if is_trace(path):
        return Source(path_label(str(path)), read_trace_folder(path), None)
    try:
        if _is_device(path):
            raise UsageError(f"{source} is a device, not a log")
        return text_source(path_label(str(path)), path.read_bytes(), path)
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


def text_source(label: str, data: bytes, path: Path | None = None) -> Source:
    """A log as bytes, and what it is called; its path, if it is a file. Raises UsageError."""
    text = _decoded(label, data)
    if is_trace_text(text):
        return Source(label, read_trace_text(path or Path(label), text), None)
    return Source(label, parse_log(text), text)


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


def _maps(names: LogNames, options: DecodeOptions, trace: Trace) -> list[DescriptorMap]:
    """The maps of the model, in the conventions that the log's graphs have."""
    proven = {graph.graph.convention for graph in names.graphs if graph.graph.kind != "body"}
    conventions = [name for name in ("compile", "export") if name in proven] or ["compile", "export"]
    if None in proven and "compile" not in proven:
        conventions = ["compile", "export"]
    trace_options = TraceOptions(
        options.example, python=options.python, timeout=options.timeout, eager=False, full=options.full
    )
    maps = trace(options.model or "", [replace(trace_options, convention=name) for name in conventions])
    if not any(map.graphs for map in maps):
        print(visible(f"{options.model} has no graph to compare the log with:"), file=sys.stderr)
        for map in maps:
            if map.failure is not None:
                print(visible(f"  {map.convention}: {message(map.failure)}"), file=sys.stderr)
    return maps
