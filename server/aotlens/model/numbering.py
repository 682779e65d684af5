"""Which graph the text around a name means: in which convention it is numbered, and which of its graphs it is.

torch.export and torch.compile number the inputs of a graph in different ways. A graph that is printed in the text, or a
compile id on its lines, tells which one is meant.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aotlens.logs.graphs import LoggedGraph
from aotlens.logs.log_lines import log_lines
from aotlens.logs.text import parse_log
from aotlens.syntax.once import once_for_each
from aotlens.syntax.pass_hooks import PassHook
from aotlens.syntax.pass_subjects import hook_at
from aotlens.syntax.source_text import nodes_around
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Graph
from aotlens_tracer.wire.input_roles import role_of
from aotlens_tracer.wire.protocol import CONVENTIONS, Convention

from .index import MapIndex
from .log_matching import GraphMatch, match
from .slots import Entry
from .snapshot import TargetState, other_than


@dataclass(frozen=True)
class Told:
    """The graph that a name belongs to, as far as the text around it says.

    `convention` is None if the text fits both. `graph` is the graph that the text shows at the name, None if it shows
    none; `compile_id` is torch's, None if the text has none.
    """

    convention: Convention | None = None
    graph: LoggedGraph | None = None
    compile_id: str | None = None

    @property
    def conventions(self) -> tuple[Convention, ...]:
        """The conventions that may be meant, that of export first."""
        return CONVENTIONS if self.convention is None else (self.convention,)

    def shown(self, state: TargetState) -> list[TargetState]:
        """A target with each of the conventions shown that may be meant."""
        return [state.shown_in(convention) for convention in self.conventions]

    def not_known_of(self, state: TargetState) -> list[tuple[TargetState, Convention]]:
        """The conventions that may be meant and of which a target has no map, each with the target."""
        return [(state, one) for one in self.conventions if state.shown_in(one).map is None]

    def wants(self, state: TargetState) -> bool:
        """Whether a map of the convention that is not shown would answer, and there is none or it is stale."""
        return other_than(state.convention) in self.conventions and (state.other.map is None or state.other.stale)


@dataclass(frozen=True)
class Meant:
    """A map that may be meant: a target with that map shown, and those of its graphs that may be meant."""

    state: TargetState
    graphs: Sequence[Graph]


def told_at(document: Document, line: int, column: int) -> Told:
    """Read the text around a position: a comment or string of Python code, or the whole text of a document.

    If a text of Python code does not tell, the function around may: torch.compile calls it, or it exports a graph.
    """
    part = _part_around(document, line, column)
    told = _document(document).told(line) if part is None else _part(part[0]).told(line - part[1] + 1)
    return (
        told
        if told.convention is not None
        else replace(told, convention=convention_with(*hook_at(document, line, column)))
    )


def convention_with(hook: PassHook | None, exports: bool) -> Convention | None:
    """The convention of the graphs of a function that such a hook calls, or that captures (`exports`) its own graph."""
    if hook is not None:
        return "compile"
    return "export" if exports else None


def told_by_descriptor(text: str, told: Told) -> Told:
    """The same for a descriptor: only export's conventions have parameters and buffers of their own kind."""
    return Told("export") if "ParamAOTInput(" in text or "BufferAOTInput(" in text else told


def meant(told: Told, state: TargetState) -> list[Meant]:
    """The maps of a target that a text may mean, that of the export graph first.

    Where the text shows a graph, only maps that have this graph are meant.
    """
    known = [shown for shown in told.shown(state) if shown.map is not None]
    if told.graph is not None:
        found = [(shown, match(told.graph, shown.map.graphs)) for shown in known if shown.map is not None]
        return [
            Meant(shown, (result.graph, *result.others)) for shown, result in found if isinstance(result, GraphMatch)
        ]
    return [Meant(shown, _with_id(told, shown.map.graphs)) for shown in known if shown.map is not None]


def same_inputs(entries: Iterable[Entry], index: MapIndex) -> list[Entry]:
    """The inputs of another map that are the same parameters, buffers and arguments as these, in its order."""

    def by_meaning() -> dict[tuple[str, str], list[Entry]]:
        found: dict[tuple[str, str], list[Entry]] = {}
        for entry in index.entries:
            found.setdefault((role_of(entry.slot), entry.slot.label), []).append(entry)
        return found

    known = index.once("inputs by meaning", by_meaning)
    meanings = dict.fromkeys((role_of(entry.slot), entry.slot.label) for entry in entries)
    return [entry for meaning in meanings for entry in known.get(meaning, ())]


def _with_id(told: Told, graphs: Sequence[Graph]) -> Sequence[Graph]:
    """The graphs of the compile that a text names; all of them if none is of that compile, or it names none.

    The ids of another run differ only if it compiled other code too.
    """
    if told.compile_id is None:
        return graphs
    ids = {id(graph): graph.compiled.compile_id for graph in graphs if graph.compiled is not None}
    exact = [graph for graph in graphs if ids.get(id(graph)) == told.compile_id]
    return exact or [graph for graph in graphs if _frame(ids.get(id(graph))) == _frame(told.compile_id)] or graphs


def _frame(compile_id: str | None) -> str | None:
    """A compile id without the number of its attempt: `0/0` for `0/0_1`."""
    return compile_id.partition("_")[0] if compile_id is not None else None


def _part_around(document: Document, line: int, column: int) -> tuple[str, int] | None:
    """The comment or string of Python code around a position, and the line of the document in which it begins.

    None means that the whole text belongs together.
    """
    if not document.is_python:
        return None
    chain = nodes_around(document, line, column)
    string = next((node for node in chain[:4] if node.type == "string"), None)
    if string is not None:
        first, last = string.start_point[0] + 1, string.end_point[0] + 1
        return "\n".join(document.line(number) for number in range(first, last + 1)), first
    if chain[0].type != "comment":
        return None
    first = last = line
    while first > 1 and _is_comment(document.line(first - 1)) and _is_comment(document.line(line)):
        first -= 1
    while last < document.line_count and _is_comment(document.line(last + 1)) and _is_comment(document.line(line)):
        last += 1
    return "\n".join(_without_mark(document.line(number)) for number in range(first, last + 1)), first


def _is_comment(text: str) -> bool:
    return text.lstrip().startswith("#")


def _without_mark(text: str) -> str:
    comment = text.partition("#")[2]
    return comment.removeprefix(" ")


class _Text:
    """A text by its lines: the graphs in it, and the prefixes that torch's logging writes."""

    def __init__(self, text: str) -> None:
        self._log = parse_log(text)
        self._lines = {line.number: line for line in log_lines(text) if line.text.strip() or line.compile}

    def told(self, line: int) -> Told:
        """Say which graph is meant at a line."""
        graph = self._log.graph_at(line)
        if graph is not None:
            return Told(graph.convention, graph, graph.compile.frame)
        # Only compiled code has compile ids. They count up to the next empty line.
        for number in range(line, 0, -1):
            prefix = self._lines.get(number)
            if prefix is None:
                break
            if prefix.compile is not None and prefix.compile.frame is not None:
                return Told("compile", None, prefix.compile.frame)
        return Told()


@once_for_each
def _document(document: Document) -> _Text:
    return _Text(document.text)


@functools.lru_cache(maxsize=8)
def _part(text: str) -> _Text:
    return _Text(text)
