"""Everything that a map concludes about tensor subclasses is so in eager: modules, each run on real tensors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from aotlens.model.counts import count
from aotlens.model.gradient_sources import sources, with_tangent
from aotlens.model.gradients import Gradient, Missing, NotWanted, OnlyInEager, Tied, gradients, returned_in
from aotlens.model.index import index_of
from aotlens.model.slots import is_changed, whole_name
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Input
from aotlens_tracer.wire.input_roles import path_text, role_of
from aotlens_tracer.wire.json_codec import from_json
from support import CORPUS, trace_json

FOLDER = CORPUS / "pieces"
FILE = "kinds.py"
READS = "reads.py"


def _classes(file: str) -> list[str]:
    text = (FOLDER / file).read_text(encoding="utf-8")
    return re.findall(r"^# aotlens: .*\nclass (\w+)", text, re.MULTILINE)


CLASSES = _classes(FILE)
Trace = dict[str, Any]


def _in_eager(file: str) -> dict[str, Any]:
    command = [sys.executable, "in_eager.py", file]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    return {answer["name"]: answer for answer in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def eager() -> dict[str, Any]:
    return _in_eager(FILE)


@pytest.fixture(scope="module")
def traces() -> dict[str, Trace]:
    return {trace["target"]["qualname"]: trace for trace in trace_json(FILE, cwd=FOLDER)["traces"]}


def _graph(trace: Trace) -> Graph:
    assert trace["status"] == "traced", trace["failure"]
    (graph,) = trace["graphs"]
    read: Graph = from_json(Graph, {**graph, "frames": [], "operations": [], "partition": None})
    return read


def _path(slot: Any) -> str:
    descriptor = slot.as_descriptor()
    return path_text(descriptor) if descriptor is not None else ""


def _values(graph: Graph) -> dict[str, list[Input]]:
    """The inputs of the call by the names of the wholes."""
    found: dict[str, list[Input]] = {}
    for slot in graph.inputs:
        if role_of(slot) in ("parameter", "buffer", "argument"):
            found.setdefault(whole_name(slot), []).append(slot)
    return found


def _types(graph: Graph) -> dict[str, str | None]:
    return {subclass.label: subclass.type for subclass in graph.subclasses}


@pytest.mark.parametrize("name", CLASSES)
def test_values_have_their_types(traces: dict[str, Trace], eager: dict[str, Any], name: str) -> None:
    graph, known = _graph(traces[name]), eager[name]
    types = _types(graph)
    assert {value: types.get(value, "Tensor") for value in _values(graph)} == known["types"]
    returned = {whole_name(out) for out in graph.outputs if out.kind is not None and out.label.startswith("output")}
    assert {value: types.get(value, "Tensor") for value in returned} == known["outputs"]


@pytest.mark.parametrize("name", CLASSES)
def test_gradients_are_those_of_eager(traces: dict[str, Trace], eager: dict[str, Any], name: str) -> None:
    """Each has one or none, of the same type, in the same pieces; a tied value has that of its other name."""
    graph, known = _graph(traces[name]), eager[name]
    found = gradients(graph)
    types = _types(graph)
    for value, slots in _values(graph).items():
        mine = [found[slot.index] for slot in slots]
        if value not in known["gradients"]:
            assert all(isinstance(each, NotWanted) for each in mine)
            continue
        expected = known["gradients"][value]
        if expected is None:
            assert all(isinstance(each, Missing) or each == NotWanted("forward-only") for each in mine)
            continue
        if all(isinstance(each, OnlyInEager) for each in mine):
            continue
        tied = [names for names in known["tied"] if value in names]
        assert any(isinstance(each, Tied) for each in mine) is bool(tied and value != tied[0][0])
        outputs = [graph.outputs[index] for each in mine for index in _returned(each)]
        owner = mine[0].name if isinstance(mine[0], Tied) else value
        assert {_path(out) for out in outputs} == set(expected["pieces"])
        assert types.get(f"grad({owner})", "Tensor") == expected["type"]


def _returned(gradient: Gradient) -> tuple[int, ...]:
    return gradient.outputs if isinstance(gradient, Tied) else returned_in(gradient)


@pytest.mark.parametrize("name", CLASSES)
def test_findings_are_about_what_eager_does(traces: dict[str, Trace], eager: dict[str, Any], name: str) -> None:
    _compare_findings(traces[name], eager[name])


def _compare_findings(trace: Trace, known: dict[str, Any]) -> None:
    findings = trace["findings"]

    def about(*codes: str) -> set[str]:
        return {finding["subjects"][0]["name"] for finding in findings if finding["code"] in codes}

    missing = {value for value, gradient in known["gradients"].items() if gradient is None}
    assert about("parameter-without-gradient", "argument-without-gradient") == missing
    zero = {value for value, each in known["gradients"].items() if each and all(each["pieces"].values())}
    assert about("gradient-always-zero") == zero
    graph = _graph(trace)
    changed = {value for value in _values(graph) if any(each.startswith(value) for each in known["changed"])}
    parameters = {value for value, slots in _values(graph).items() if role_of(slots[0]) == "parameter"}
    assert about("buffer-mutation", "input-mutation") == changed - parameters


@pytest.mark.parametrize("name", CLASSES)
def test_what_changes_and_what_is_shared(traces: dict[str, Trace], eager: dict[str, Any], name: str) -> None:
    """Piece by piece: a piece that keeps its values is not changed, and an output that lies in an input is its view."""
    graph, known = _graph(traces[name]), eager[name]
    slots = [slot for each in _values(graph).values() for slot in each]
    assert sorted(slot.label for slot in slots if is_changed(slot)) == known["changed"]
    aliases = {out.label: graph.inputs[out.alias_of].label for out in graph.outputs if out.alias_of is not None}
    assert aliases == known["aliases"]
    tied = {tuple(sorted({whole_name(slot), *slot.tied_to})) for slot in slots if slot.tied_to}
    assert tied == {tuple(sorted(names)) for names in known["tied"]}


@pytest.mark.parametrize("name", CLASSES)
def test_the_summary_counts_values(traces: dict[str, Trace], eager: dict[str, Any], name: str) -> None:
    known = eager[name]
    outside = {f["subjects"][0]["name"] for f in traces[name]["findings"] if f["code"] == "gradient-outside-graph"}
    others = {value for names in known["tied"] for value in names[1:]}
    present = {value for value, gradient in known["gradients"].items() if gradient is not None}
    assert count(_graph(traces[name])).gradients == len(present - others - outside)


@pytest.fixture(scope="module")
def read_in_eager() -> dict[str, Any]:
    return _in_eager(READS)


@pytest.fixture(scope="module")
def compiled() -> dict[str, Trace]:
    answer = trace_json(READS, "--convention", "compile", cwd=FOLDER)
    return {trace["target"]["qualname"]: trace for trace in answer["traces"]}


@pytest.mark.parametrize("name", _classes(READS))
def test_the_same_is_found_where_the_graph_takes_a_piece(
    compiled: dict[str, Trace], read_in_eager: dict[str, Any], name: str
) -> None:
    """Under torch.compile, a piece that code reads is an input of its own: what is found is about the whole."""
    _compare_findings(compiled[name], read_in_eager[name])
    graph = _graph(compiled[name])
    changed = {slot.label for each in _values(graph).values() for slot in each if is_changed(slot)}
    assert sorted(changed) == read_in_eager[name]["changed"]
    present = {value for value, each in read_in_eager[name]["gradients"].items() if each is not None}
    others = {value for names in read_in_eager[name]["tied"] for value in names[1:]}
    assert count(graph).gradients == len(present - others)


@pytest.mark.parametrize(
    ("name", "label", "comes_from", "outputs"),
    [
        ("ParamTwo", "weight.b", ["output"], 1),
        ("TwoOuts", "sub.a", ["output[0]"], 2),
        ("TwoOuts", "both", ["output[0]", "output[1]"], 2),
        ("TiedHead", "head.weight.a", ["output"], 1),
    ],
)
def test_a_gradient_comes_from_whole_outputs(
    traces: dict[str, Trace], name: str, label: str, comes_from: list[str], outputs: int
) -> None:
    """DistributedDataParallel waits for the gradient of a whole parameter, and a loss uses whole outputs."""
    index = index_of(from_json(DescriptorMap, traces[name]))
    (entry,) = [entry for entry in index.entries if entry.slot.label == label]
    assert [whole_name(result.slot) for result in sources(entry, index)] == comes_from
    assert with_tangent(entry) == outputs


def test_a_limit_of_torch_for_which_it_gives_no_hint_has_one(traces: dict[str, Trace]) -> None:
    (known,) = traces["KeptGradient"]["graph_breaks"]
    assert known["by"] == "internal" and known["advice"]["code"] == "subclass-gradient-kept"
