"""What `TORCH_LOGS` writes of a run has the names that its `TORCH_TRACE` proves, or says that it is not certain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aotlens.logs.named import GraphNames, LogNames
from aotlens.logs.names import names_of
from aotlens.logs.text import parse_log
from aotlens.logs.trace_folder import read_trace_folder

KINDS = ("joint", "forward", "backward", "inference")


def test_names_of_the_text_are_those_of_the_trace(runs: Path) -> None:
    text = names_of(parse_log((runs / "log.txt").read_text("utf-8")))
    inputs, certain, tangents = 0, 0, 0
    for name, proven, found in pairs(runs, text):
        assert [value.value.node for value in found.inputs] == [value.value.node for value in proven.inputs]
        for one, other in zip(proven.inputs, found.inputs, strict=True):
            inputs += 1
            if (one.role, one.name) == (other.role, other.name):
                certain += not other.doubts
            else:
                assert other.doubts, (name, found.graph.title, one.value.node, one.name, other.name)
            tangents += one.role == "tangent"
        for one, other in zip(proven.outputs, found.outputs, strict=True):
            assert (one.role, one.of, one.tangent) == (other.role, other.of, other.tangent), (name, one.value)
    assert inputs > 500 and tangents > 50
    assert certain / inputs > 0.7


def pairs(runs: Path, text: LogNames) -> Iterator[tuple[str, GraphNames, GraphNames]]:
    """Each graph of each class as the trace and as the text names it."""
    by_place = {}
    for names in text.graphs:
        graph = names.graph
        by_place.setdefault((graph.compile.process, graph.compile.frame, graph.kind), names)
    for folder in sorted(path for path in runs.iterdir() if path.is_dir()):
        (file,) = folder.glob("*.log")
        process = file.read_text("utf-8").split(" ", 3)[2]
        for names in names_of(read_trace_folder(folder)).graphs:
            graph = names.graph
            if graph.kind in KINDS:
                yield folder.name, names, by_place[process, graph.compile.frame, graph.kind]
