"""Prints the maps of `aotlens trace` on stdout, and everything about the run on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console

from aotlens.explain.blocks import Block
from aotlens.explain.ddp import ddp_error
from aotlens.explain.failures import message
from aotlens.explain.graph_lines import Kind
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.explain.render.markdown_report import render_markdown
from aotlens.explain.render.overview import render_overview
from aotlens.explain.render.paper import Paper
from aotlens.explain.render.public_json import public_json
from aotlens.explain.render.terminal import show
from aotlens.explain.render.terminal_report import print_left_out, render_blocks, render_text
from aotlens.explain.tables.collectives import collective_tables
from aotlens.explain.tables.saved_ranking import saved_tables
from aotlens.explain.visible import visible, visible_json, visible_output
from aotlens.model.failure_findings import failure_finding
from aotlens.session.files import read_python
from aotlens.syntax.source import SourceTexts
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .options import TraceOptions
from .shapes import print_shapes, shown_functions

_PIPED_WIDTH = 140
"""Columns if stdout is not a terminal. Most rows then fit on one line, which suits `grep`."""


def print_maps(maps: Sequence[DescriptorMap], torch: str | None, options: TraceOptions) -> None:
    """Print the maps in the format of the options. `torch` is torch's version; None if no tracer was started."""
    if options.graph is not None:
        _print_graphs(maps, options.graph)
    elif options.format == "json":
        print_json(public_json([with_failure_finding(map) for map in maps], torch, os.getcwd()))
    elif options.format == "markdown":
        reports = (
            render_markdown(map, path_label=path_label, full=options.full, explain=options.explain) for map in maps
        )
        print(visible("\n".join(reports)))
    else:
        _print_text(maps, options)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(_json_text(value))


def print_blocks(blocks: Sequence[Block]) -> None:
    """Print blocks that belong to no map."""
    paper = Paper(_console())
    show(blocks, paper)
    print_left_out(paper)


def print_tracebacks(maps: Sequence[DescriptorMap]) -> None:
    """Print the whole tracebacks of all failures on stderr."""
    for map in maps:
        if map.failure is not None and map.failure.traceback:
            print(visible(map.failure.traceback.rstrip()), file=sys.stderr)


def print_user_output(output: str, show: bool) -> None:
    """Print the text that user code printed on stderr, or the number of its lines."""
    if not output:
        return
    if show:
        text = visible_output(output)
        sys.stderr.write(text if text.endswith("\n") else text + "\n")
    else:
        lines = output.count("\n") + (not output.endswith("\n"))
        more = "more than " if " bytes left out ...]" in output else ""
        print(f"(the code printed {more}{lines} line{'s' * (lines != 1)}: --show-output shows them)", file=sys.stderr)


def path_label(path: str) -> str:
    """The path, relative to the working directory if it is below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def with_failure_finding(map: DescriptorMap) -> DescriptorMap:
    """The map with its failure as a finding too, for readers that look at findings alone."""
    if map.failure is None:
        return map
    finding = failure_finding(map.failure, map.target.path, map.target.line)
    return replace(map, findings=(*map.findings, finding))


def _print_text(maps: Sequence[DescriptorMap], options: TraceOptions) -> None:
    console = _console()
    if len(maps) > 1 and not (options.full or options.saved or options.shapes or options.collectives):
        render_overview(maps, console, explain=options.explain, path_label=path_label)
        return
    for index, map in enumerate(maps):
        if index:
            console.print()
        if options.ddp is not None:
            render_blocks(map, ddp_error(map, options.ddp, path_label, options.full), console, path_label)
        elif options.shapes:
            print_shapes(map, shown_functions(map, options.full), console, path_label, options.full)
        elif options.collectives:
            render_blocks(map, collective_tables(map, path_label, options.full), console, path_label)
        elif options.saved:
            render_blocks(map, saved_tables(map, path_label, options.full), console, path_label)
        else:
            render_text(map, console, full=options.full, explain=options.explain, path_label=path_label)


def _print_graphs(maps: Sequence[DescriptorMap], kind: Kind) -> None:
    """Print one graph of each map on stdout. The reason why a map has none goes to stderr."""
    texts = SourceTexts(read_python)
    for number, map in enumerate(maps):
        try:
            text = graph_text(map, kind, texts.code).text
        except NoSuchGraph as error:
            reason = f": {message(map.failure)}" if map.failure is not None else ""
            print(visible(f"{error}{reason}"), file=sys.stderr)
            continue
        print(("\n" if number else "") + text, end="")


def _console() -> Console:
    console = _Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        return _Console(highlight=False, width=_PIPED_WIDTH)
    return console


class _Console(Console):
    """A console that lets the command decide what to do when the reader of a pipe has gone."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _json_text(value: Any) -> str:
    """JSON that stdout can encode. Names are not escaped if possible."""
    text = visible_json(json.dumps(value, indent=2, ensure_ascii=False))
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeError:
        return json.dumps(value, indent=2)
    return text
