"""The maps of `--convention compile` say what torch.compile does: compared with real runs under `TORCH_TRACE`.

The runs are made by tests/corpus/compiled/run.py, with real tensors and a backward pass.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aotlens.logs.names import names_of
from aotlens.logs.trace_folder import read_trace_folder
from aotlens.model.dtypes import dtype_in_brief
from aotlens.model.log_matching import GraphMatch
from aotlens.model.log_naming import named_by_maps
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.json_codec import from_json

from .conftest import FILES, Traces, said
from .raw_traces import RawRun, raw_run

_GRADIENT = re.compile(r"GradAOTOutput\(grad_of=(.*)\)")

MODULES = {
    "breaks": ["Printed", "ByValue", "Asked", "InSubmodule", "Item", "EqualLayers", "Guarded"],
    "dynamic": ["AllDynamic", "DynamicBreak"],
    "marked": ["Marked", "Twice", "SecondTime", "MarkedBreak"],
    "state": ["Tied", "Normed", "Frozen", "Inference", "CalledTwice", "Closed"],
    "arguments": ["Nested", "Changed", "Variadic"],
    "decoders": ["TinyLlama", "TinyGPT2", "TinyBert"],
    "packages": ["Speech", "Language", "Mixer"],
}
CASES = [(file, name) for file in FILES for name in MODULES[file]]
CALLED_AGAIN = {"Twice": ["0/1"]}
"""Compilations of calls that the example does not make."""

pytestmark = [pytest.mark.slow, pytest.mark.parametrize(("file", "name"), CASES, ids=[name for _, name in CASES])]


@pytest.fixture
def raw(runs: Path, name: str) -> RawRun:
    """What the real run wrote for one class."""
    run = raw_run(runs / name)
    for again in CALLED_AGAIN.get(name, ()):
        del run.graphs[again], run.guards[again]
    return run


@pytest.fixture
def trace(traces: Traces, file: str, name: str) -> dict[str, Any]:
    """The map of one class."""
    found = traces(file)[name]
    assert found["status"] == "traced", found["failure"]
    return found


def compile_id(graph: dict[str, Any]) -> str:
    return graph["compiled"]["compile_id"]


def is_type(text: str, slot: dict[str, Any]) -> bool:
    """Whether torch's text of a type (`f32[s77, 8][8, 1]cpu`) is that of a slot."""
    if slot["shape"] is None:
        return text.startswith("Sym(")
    sizes = ", ".join(str(size) for size in slot["shape"])
    return text.startswith(f"{dtype_in_brief(slot['dtype'])}[{sizes}]")


def test_the_graphs_are_those_of_the_run(raw: RawRun, trace: dict[str, Any]) -> None:
    assert [compile_id(graph) for graph in trace["graphs"]] == list(raw.graphs)


def test_inputs_and_outputs_are_those_of_the_run(raw: RawRun, trace: dict[str, Any]) -> None:
    for graph in trace["graphs"]:
        real = raw.graphs[compile_id(graph)]
        assert [(slot["node"], slot["descriptor"]) for slot in graph["inputs"]] == [(i[0], i[2]) for i in real.inputs]
        wrong = [(text, slot) for (_, text, _), slot in zip(real.inputs, graph["inputs"]) if not is_type(text, slot)]
        assert wrong == []
        outputs = [(slot["node"], slot["descriptor"] or "None") for slot in graph["outputs"]]
        assert outputs == real.outputs


def test_operations_are_those_of_the_run(raw: RawRun, trace: dict[str, Any]) -> None:
    for graph in trace["graphs"]:
        assert [operation["name"] for operation in graph["operations"]] == raw.graphs[compile_id(graph)].operations


def test_each_input_is_taken_from_where_the_run_takes_it(runs: Path, trace: dict[str, Any], name: str) -> None:
    sources = said(runs, name)["sources"]
    for graph in trace["graphs"]:
        real = sources[compile_id(graph)]
        for slot in graph["inputs"]:
            if slot["kind"] == "PlainAOTInput":
                assert slot["dynamo"]["expression"] == real[slot["fields"]["idx"]]
        assert not [slot for slot in graph["inputs"] if slot["dynamo"] is None and slot["tangent_of"] is None]


def test_gradients_are_those_of_the_run(runs: Path, raw: RawRun, trace: dict[str, Any], file: str, name: str) -> None:
    """Each graph has the gradients of the run, and together they are those that the parameters have afterwards.

    Code that torch leaves to eager makes gradients too, of parameters that no graph takes.
    """
    found, taken = set[str](), set[str]()
    for graph in trace["graphs"]:
        outputs = raw.graphs[compile_id(graph)].outputs
        gradients = {match[1]: node for node, text in outputs if (match := _GRADIENT.fullmatch(text))}
        for slot in graph["inputs"]:
            gradient = None if slot["gradient"] is None else graph["outputs"][slot["gradient"]]["node"]
            assert gradient == gradients.get(slot["descriptor"])
            if slot["dynamo"] is not None and slot["dynamo"]["role"] == "parameter":
                names = {slot["dynamo"]["name"], *slot["dynamo"]["others"]}
                taken |= names
                found |= names if gradient is not None else set()
    assert found == set(said(runs, name)["gradients"]) & taken


def test_tangents_belong_to_the_outputs_that_torch_names(raw: RawRun, trace: dict[str, Any]) -> None:
    for graph in trace["graphs"]:
        for slot, (_, _, descriptor) in zip(graph["inputs"], raw.graphs[compile_id(graph)].inputs):
            if slot["tangent_of"] is not None:
                assert descriptor == f"TangentAOTInput(output={graph['outputs'][slot['tangent_of']]['descriptor']})"


def test_graph_breaks_are_those_of_the_run(raw: RawRun, trace: dict[str, Any]) -> None:
    """The innermost line at which torch stops, and its reason: a short name, and an explanation."""
    found = {(*_place(one["inside"] or one), one["reason"].partition(": ")[0]) for one in trace["graph_breaks"]}
    assert found == {(Path(file).name, line, reason) for file, line, reason in raw.breaks}


def test_guards_are_those_of_the_run(raw: RawRun, trace: dict[str, Any]) -> None:
    """Each condition of the run's guard tree, and no other; ids of objects and the words for their kinds differ.

    Torch's tree repeats with each tensor that it has no marks, and adds what follows from the others: that tensors do
    not share memory. A dict that it compares as a whole has no conditions of its own there, but one for each key.
    """
    for graph in trace["graphs"]:
        frame = compile_id(graph)
        real = {condition for kind, condition in raw.guards[frame] if kind not in _IMPLIED}
        found = set[str]()
        for guard in graph["compiled"]["guards"]:
            found |= set(_conditions(guard, raw.dicts[frame]))
        ours, theirs = set(map(_comparable, found)), set(map(_comparable, real))
        assert (sorted(ours - theirs), sorted(theirs - ours)) == ([], [])


_IMPLIED = ("DIMENSION_DYNAMIC_MARKING_GUARD", "NO_TENSOR_ALIASING", "GLOBAL_STATE", "TORCH_FUNCTION_MODE_STACK")
_TENSOR = re.compile(
    r"check_tensor\((.*), \w+, DispatchKeySet.*?\), (torch\.\w+),.* (requires_grad=\w+), (size=\[.*?\])"
)
_ITEM = "dict.__getitem__("
"""The tree has another expression for an item of a dict whose key is no text."""
_KEYS = re.compile(r"list\(dict\.keys\((.*)\)\) == (\[.*\])")


def _comparable(condition: str) -> str:
    """A condition without what differs from process to process, or from real to fake tensors."""
    if tensor := _TENSOR.match(condition):
        sizes = re.sub(r"None|\bs\d+\b", "?", tensor[4])
        return f"tensor {tensor[1]}: {tensor[2]}, {tensor[3]}, {sizes}"
    # The order of a set depends on the process.
    condition = re.sub(r"\{(.*?)\}", lambda found: str(sorted(found[1].split(", "))), condition)
    return re.sub(r"_\d{6,}_c\d+", "_c", re.sub(r", \d{6,}\)", ")", condition))


def _conditions(guard: dict[str, Any], dicts: set[str]) -> Iterator[str]:
    """The conditions of one guard, as the tree has them."""
    expression = guard["expression"]
    if guard["kind"] == "TENSOR_MATCH":
        of_type, gradient, size = guard["conditions"]
        yield f"check_tensor({expression}, T, DispatchKeySet(), {of_type}, {gradient}, {size}"
        return
    is_item = expression.startswith(_ITEM) and "<class 'transformers" not in guard["conditions"][0]
    is_dict = expression in dicts or is_item
    of_whole = (f"___check_type_id({expression}, ", f"len({expression}) ", f"not {expression}")
    for condition in guard["conditions"]:
        if keys := _KEYS.fullmatch(condition):
            for number, key in enumerate(ast.literal_eval(keys[2]) if is_dict else ()):
                yield f"list(dict.keys({keys[1]}))[{number}] == {key!r}"
        elif not condition.startswith(("hasattr(", *(of_whole if is_dict else ()))):
            yield condition


def _place(place: dict[str, Any]) -> tuple[str, int]:
    return Path(place["path"]).name, place["line"]


def test_decode_names_what_the_run_wrote(runs: Path, trace: dict[str, Any], name: str) -> None:
    """Without the model's source, each number has a name; in the model's own `forward`, that of the map.

    The log of code after a graph break does not tell arguments from locals, nor the keys of `**more` from its own, and
    a function of a decorator has the model in one of its locals.
    """
    names = names_of(read_trace_folder(runs / name))
    joint = {one.graph.compile.frame: one for one in names.graphs if one.graph.kind in ("joint", "inference")}
    for graph in trace["graphs"]:
        decoded = joint[compile_id(graph)]
        is_decorated = any((value.value.source or "").startswith("L['fn']") for value in decoded.inputs)
        assert not decoded.doubts
        for value, slot in zip(decoded.inputs, graph["inputs"], strict=True):
            assert value.value.node == slot["node"]
            if slot["tangent_of"] is not None:
                assert (value.role, value.of) == ("tangent", graph["outputs"][slot["tangent_of"]]["node"])
                continue
            assert value.name is not None and value.known_by is not None
            if graph["compiled"]["function"] != f"{name}.forward" or slot["kind"] != "PlainAOTInput" or is_decorated:
                continue
            expected = slot["dynamo"]["role"], slot["dynamo"]["name"]
            if graph["compiled"]["resumes_at"] is not None and expected[0] == "argument":
                expected = "local", expected[1]
            if "___stack" not in value.name and not value.name.startswith("more["):
                assert (value.role, value.name) == expected


def test_decode_with_the_model_names_all_of_it(runs: Path, trace: dict[str, Any], name: str) -> None:
    names = names_of(read_trace_folder(runs / name))
    map = from_json(DescriptorMap, trace)
    found = named_by_maps(names, map.graphs)
    again = CALLED_AGAIN.get(name, ())
    for one, matched in zip(found.names.graphs, found.matches, strict=True):
        if one.graph.compile.frame in again:
            continue
        assert isinstance(matched, GraphMatch), matched
        assert matched.graph.compiled is not None
        assert matched.graph.compiled.compile_id == one.graph.compile.frame
        assert matched.same_sizes
        numbered = [value for value in one.inputs if re.match("primals_|tangents_|arg|L_", value.value.node or "")]
        wrong = [value for value in numbered if value.known_by != "map"]
        assert wrong == [] or one.graph.kind == "dynamo"
