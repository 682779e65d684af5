"""Reads a log: its graphs, what their values stand for, and the paths in it. Takes seconds for a long log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aotlens.logs.graphs import Log
from aotlens.logs.named import LogNames
from aotlens.logs.names import names_of
from aotlens.logs.signs import has_signs
from aotlens.logs.source_lines import named_lines
from aotlens.logs.text import parse_log
from aotlens.logs.trace_folder import read_trace_text
from aotlens.logs.trace_records import is_trace_text
from aotlens.text.documents import Document
from aotlens_tracer.wire.protocol import Convention

MOST_CHARACTERS = 20_000_000
"""The characters of a log that are read in the editor, from its beginning."""
MOST_PATHS = 2000


@dataclass(frozen=True, eq=False)
class Reading:
    """The names in a log, and the paths of source files in it. `cut` and `is_trace` are as in `LogView`.

    `lines` are the lines of source that its graphs come from, as paths and numbers, each once: first those of compiled
    functions, then those of operations. `convention` is that of its graphs.
    """

    names: LogNames
    paths: tuple[str, ...]
    lines: tuple[tuple[str, int], ...]
    convention: Convention
    is_trace: bool
    cut: int | None


def read(document: Document) -> Reading | None:
    """Read a log; None if nothing in it looks like torch's."""
    text = document.text
    cut = MOST_CHARACTERS if len(text) > MOST_CHARACTERS else None
    if cut is not None:
        text = text[: text.rfind("\n", 0, cut) + 1 or cut]
    if not has_signs(text):
        return None
    is_trace = is_trace_text(text)
    log = read_trace_text(Path(document.path), text) if is_trace else parse_log(text)
    is_export = {graph.convention for graph in log.graphs} & {"export", "compile"} == {"export"}
    return Reading(names_of(log), _paths(text), _lines(log), "export" if is_export else "compile", is_trace, cut)


def _lines(log: Log) -> tuple[tuple[str, int], ...]:
    found = [(one.file, one.line) for one in log.compiles]
    found += [(operation.file, operation.line) for graph in log.graphs for operation in graph.operations]
    return tuple(dict.fromkeys((file, line) for file, line in found if file is not None and line is not None))


def _paths(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for line in text.split("\n"):
        if ".py" in line:
            found.update(dict.fromkeys(named.source.path for named in named_lines(line)))
            if len(found) > MOST_PATHS:
                break
    return tuple(found)
