"""The numbers of each class of the corpus in every view: lens, hover, tree, graph document, report and JSON.

`wrong(maps)` says where two views contradict each other. The numbers that they are compared with are computed here,
from the JSON alone. Run as a program (`make numbers`), it traces the whole corpus.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "server")]

from rich.console import Console

from aotlens.cli.asked import _read
from aotlens.cli.options import TraceOptions
from aotlens.cli.progress import Progress
from aotlens.cli.run import TraceRun
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.explain.render.plain import plain
from aotlens.explain.render.public_json import public_json
from aotlens.explain.render.terminal_report import render_text
from aotlens.explain.shapes import bytes_in_words
from aotlens.features.hover.hover import hover
from aotlens.features.lens import places, text
from aotlens.features.slots import view
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.session.tracer.process import TracerProcess
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from support import CORPUS

BROKEN = ("failures", "fault", "repairs", "reports", "seeded", "logs")
"""Folders whose classes fail on purpose, or stand for what is guessed: nothing is shown of them that has a number."""

_RANK = "( per rank)?"


@dataclass(frozen=True)
class Expected:
    """The bytes that a class saves alone, None if that is not known, and those in each model around it, by its name."""

    alone: int | None
    around: dict[str, int | None]


def traced(paths: Sequence[Path], tracer: TracerProcess) -> Iterator[list[DescriptorMap]]:
    """The maps of each file, with all its classes."""
    options = TraceOptions(eager=False, timeout=60)
    with Progress() as progress:
        for path in paths:
            maps = TraceRun(tracer, _read(path, options, {}), options, progress, (None, None)).all().maps
            yield [map for map in maps if map.status == "traced"]


def wrong(maps: Sequence[DescriptorMap]) -> Iterator[str]:
    """Each contradiction between two views of the classes of one file, in words."""
    path = maps[0].target.path
    document = Document(Path(path).as_uri(), path, 1, Path(path).read_text(encoding="utf-8"))
    states = {TargetKey(path, map.target.qualname): _state(map) for map in maps}
    snapshot = Snapshot(MappingProxyType({path: document}), MappingProxyType(states))
    traces = {trace["target"]["qualname"]: trace for trace in public_json(maps, "", "/nowhere")["traces"]}
    for place in places(snapshot, document):
        map = states[place.key].map if place.key in states else None
        if map is None or place.kind != "target" or place.key.qualname not in traces:
            continue
        qualname = place.key.qualname
        expected = Expected(
            _saved(traces[qualname], ("",)),
            {
                name: _saved(trace, names)
                for name, trace in traces.items()
                if name != qualname and (names := _instances(trace, path, qualname))
            },
        )
        for problem in _of_one(snapshot, document, place.line, map, expected):
            yield f"{qualname} of {Path(path).name}: {problem}"


def _state(map: DescriptorMap) -> TargetState:
    key = TargetKey(map.target.path, map.target.qualname)
    return TargetState(key, "traced", map, MappingProxyType({key.path: 1}))


def _instances(trace: dict[str, Any], path: str, qualname: str) -> tuple[str, ...]:
    """The names of the instances of a class in a trace; if it has none, of those of its subclasses in the file."""
    found: dict[str, list[str]] = {}
    for one in trace["modules"]:
        if one["class_path"] == path:
            found.setdefault(one["type"], []).append(one["name"])
    if qualname in found:
        names = found[qualname]
    else:
        text = Path(path).read_text(encoding="utf-8")
        derived = re.findall(rf"^class (\w+)\({re.escape(qualname)}\):", text, re.MULTILINE)
        names = [name for subclass in derived for name in found.get(subclass, ())]
    return () if "" in names else tuple(names)


def _saved(trace: dict[str, Any], names: Sequence[str]) -> int | None:
    """The bytes that the modules of these names save."""
    if not any(graph["joint"] for graph in trace["graphs"]):
        return None
    return sum(
        value["bytes"] or 0
        for graph in trace["graphs"]
        for value in graph["saved"]
        if value["alias_of"] is None
        and any(not name or f"{value['module'] or ''}.".startswith(f"{name}.") for name in names)
    )


def _of_one(snapshot: Snapshot, document: Document, line: int, map: DescriptorMap, expected: Expected) -> Iterator[str]:
    key = TargetKey(document.path, map.target.qualname)
    own = bytes_in_words(expected.alone)
    lens = text(snapshot, key, "target")
    alone, part = (
        re.search(rf"saves {re.escape(own)}(?! \w*iB)", lens.title),
        re.search(r" · in (\w[\w.<>]*)", lens.title),
    )
    if (part is not None) is not bool(expected.around) or lens.title.startswith("alone: ") is not bool(expected.around):
        yield f"the lens {lens.title!r} does not say whose its numbers are: {sorted(expected.around)}"
    if expected.alone is not None and alone is None:
        yield f"the lens {lens.title!r} does not have {own}"
    if part is not None and not _has(lens.title.partition(part[0])[2], expected.around.get(part[1])):
        yield f"the lens {lens.title!r} has not the bytes in {part[1]}, {expected.around.get(part[1])}"
    if expected.alone is not None and not re.search(rf"{re.escape(own)}{_RANK} saved for backward", lens.tooltip[0]):
        yield f"the tooltip {lens.tooltip[0]!r} does not have {own}"
    yield from _of_hover(snapshot, document, line, key, expected)
    yield from _of_tree(snapshot, document, line, key, expected)
    if expected.alone is not None:
        yield from _of_graph_and_report(map, own)


def _has(words: str, size: int | None) -> bool:
    return f"saves {bytes_in_words(size)}" in words if size is not None else "saves" not in words


def _of_hover(snapshot: Snapshot, document: Document, line: int, key: TargetKey, expected: Expected) -> Iterator[str]:
    column = document.line(line).index(key.qualname.rpartition(".")[2]) + 1
    found = hover(snapshot, document, line, column)
    if found is None:
        yield "there is no hover"
        return
    shown = plain(found.blocks)
    model = re.search(r"module .* of ([\w.<>]+) · ", shown)
    if model is not None:
        size = expected.around.get(model[1])
        if size and f"saves {bytes_in_words(size)}" not in shown:
            yield f"the hover of its instances in {model[1]} does not have {size} bytes: {shown}"
    elif expected.alone is not None:
        figure = re.escape(bytes_in_words(expected.alone))
        whose = re.search(r"^alone: ", shown, re.MULTILINE)
        other = re.search(r"class [\w.<>]+ in ([\w.<>]+)", shown)  # a subclass answers, and is named
        if other is None and not re.search(rf"{figure}{_RANK} saved for backward", shown):
            yield f"the hover does not have {figure!r}: {shown}"
        if (whose is not None) is not (bool(expected.around) and other is None):
            yield f"the hover does not say whose its numbers are: {shown}"


def _of_tree(snapshot: Snapshot, document: Document, line: int, key: TargetKey, expected: Expected) -> Iterator[str]:
    shown = view(snapshot, document, line)
    if shown is None:
        yield "there is no tree"
        return
    saved = next((group.summary for group in shown.groups if group.kind == "saved"), "0 B")
    if shown.key == key:
        size = expected.alone
        if shown.title.endswith(" alone") is not bool(expected.around):
            yield f"the tree {shown.title!r} does not say whose it is"
    else:
        size = expected.around.get(shown.key.qualname)
        if not shown.title.endswith(shown.key.qualname):
            yield f"the tree {shown.title!r} does not name its model"
    if size is not None and re.sub(f"{_RANK}( with CPU kernels)?$", "", saved) != bytes_in_words(size):
        yield f"the tree of {shown.title!r} has {saved!r}, not {size} bytes"


def _of_graph_and_report(map: DescriptorMap, own: str) -> Iterator[str]:
    if len(map.graphs) == 1:
        try:
            title = graph_text(map, "joint").text.partition("\n")[0]
        except NoSuchGraph as error:
            title = str(error)
        if not re.search(rf", saves {re.escape(own)}{_RANK}( |$)", title):
            yield f"the graph {title!r} does not have {own}"
        is_alone = map.example is not None and map.example.recorded_in is not None
        if (f"{map.target.qualname} alone," in title) is not is_alone:
            yield f"the graph {title!r} does not say whose it is"
    stream = io.StringIO()
    render_text(map, Console(file=stream, width=200, highlight=False))
    if not re.search(rf"^Saved for backward  .*, {re.escape(own)}{_RANK}$", stream.getvalue(), re.MULTILINE):
        yield f"the report does not have {own}"


def main() -> int:
    """Trace the whole corpus and print each contradiction. The exit status is 1 if there is one."""
    paths = [path for path in sorted(CORPUS.rglob("*.py")) if "nn.Module" in path.read_text(encoding="utf-8")]
    paths = [path for path in paths if path.relative_to(CORPUS).parts[0] not in BROKEN]
    classes = problems = 0
    with TracerProcess(sys.executable, str(CORPUS), False) as tracer:
        for maps in traced(paths, tracer):
            classes += len(maps)
            for problem in wrong(maps) if maps else ():
                problems += 1
                print(problem)
    print(f"{classes} classes of {len(paths)} files, {problems} contradictions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
