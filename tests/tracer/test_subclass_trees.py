"""The trees of tensor subclasses are torch's own: compared with its metadata of the capture, and with eager.

The scripts are in tests/corpus/truth; they share no code with aotlens.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from aotlens_tracer.wire.descriptor_map import Expected, Piece, Sharding, Subclass
from aotlens_tracer.wire.graphs import Graph
from aotlens_tracer.wire.json_codec import from_json
from support import CORPUS, trace_json

FOLDER = CORPUS / "subclasses"
CLASSES = [
    "Plain",
    "Nested",
    "Direct",
    "Quantized",
    "Opaque",
    "Sizes",
    "Jagged",
    "Sharded",
    "Unnamed",
    "Whole",
    "Hooked",
    "Planned",
]


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("trees.py", cwd=FOLDER)["traces"]}


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, Any]]:
    return answers("plain_metadata.py", "trees.py")


def answers(script: str, file: str) -> dict[str, dict[str, Any]]:
    """The answers of plain torch for each pinned class of a file."""
    done = subprocess.run(
        [sys.executable, str(CORPUS / "truth" / script), str(FOLDER / file)],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]  # a module prints
    return {answer.pop("name"): answer for answer in map(json.loads, lines)}


def graph_of(trace: dict[str, Any]) -> Graph:
    assert trace["status"] == "traced", trace["failure"]
    (graph,) = trace["graphs"]
    read: Graph = from_json(Graph, {**graph, "frames": [], "operations": [], "partition": None, "collectives": []})
    return read


def whole(graph: Graph, label: str) -> Subclass:
    (found,) = [each for each in graph.subclasses if each.label == label]
    return found


def texts(sizes: Any) -> list[str] | None:
    return None if sizes is None else [str(size) for size in sizes]


def placements(sharding: Sharding | None) -> list[str] | None:
    return None if sharding is None else [placement.text for placement in sharding.placements]


def as_torch_notes(graph: Graph, each: Subclass | Piece) -> dict[str, Any]:
    """A tree in the form of the script's answers."""
    if isinstance(each, Piece) and each.kind != "subclass":
        assert (each.input is None) is not (each.output is None)
        slot = graph.inputs[each.input] if each.input is not None else graph.outputs[each.output or 0]
        return {"descriptor": slot.descriptor, "shape": texts(each.shape)}
    return {
        "type": each.type,
        "shape": texts(each.shape),
        "stride": texts(each.stride),
        "placements": placements(each.sharding),
        "pieces": {
            piece.attribute: as_torch_notes(graph, piece)
            for piece in each.pieces
            if piece.kind not in ("size", "stride")
        },
    }


@pytest.mark.parametrize("name", CLASSES)
def test_trees_are_those_of_torchs_metadata(
    traces: dict[str, dict[str, Any]], truth: dict[str, dict[str, Any]], name: str
) -> None:
    graph = graph_of(traces[name])
    assert graph.capture == truth[name]["capture"]
    found = {each.descriptor: as_torch_notes(graph, each) for each in graph.subclasses}
    assert found == truth[name]["wholes"]


def numbers(graph: Graph, each: Subclass | Piece) -> set[tuple[str, int]]:
    """The slots of a tree, each with its side."""
    own = {("in", piece.input) for piece in each.pieces if piece.input is not None}
    own |= {("out", piece.output) for piece in each.pieces if piece.output is not None}
    return own.union(*(numbers(graph, piece) for piece in each.pieces))  # type: ignore[arg-type]  # never None


@pytest.mark.parametrize("name", CLASSES)
def test_each_piece_is_in_one_tree(traces: dict[str, dict[str, Any]], name: str) -> None:
    graph = graph_of(traces[name])
    of_trees = [numbers(graph, each) for each in graph.subclasses]
    for each, slots in zip(graph.subclasses, of_trees, strict=True):
        assert slots == {("in", index) for index in each.inputs} | {("out", index) for index in each.outputs}
    pieces = {("in", slot.index) for slot in graph.inputs if (slot.kind or "").startswith("Subclass")}
    pieces |= {("out", slot.index) for slot in graph.outputs if (slot.kind or "").startswith("Subclass")}
    assert set().union(*of_trees) == pieces
    assert sum(map(len, of_trees)) == len(pieces)


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "Hooked"])  # no graph has such a hook
def test_gradients_have_the_types_and_placements_of_eager(
    traces: dict[str, dict[str, Any]], truth: dict[str, dict[str, Any]], name: str
) -> None:
    graph = graph_of(traces[name])
    eager = truth[name]["eager"]
    assert eager
    for parameter, expected in eager.items():
        wholes = [each for each in graph.subclasses if each.label == parameter]
        pieces = [each for each in graph.subclasses if each.about == parameter and each.role == "gradient"]
        found = wholes[0].gradient if wholes else Expected(pieces[0].type or "") if pieces else Expected("Tensor")
        if expected is None:
            assert found is None
            continue
        assert found is not None
        assert (found.type, placements(found.sharding)) == (expected["type"], expected["placements"])
        if "collectives" in expected:
            moved = [transfer.kind for transfer in found.transfers or ()]
            assert {kind: moved.count(kind) for kind in moved} == expected["collectives"]
            for finding in traces[name]["findings"]:
                if finding["code"] == "gradient-placements" and finding["subjects"][0]["name"] == parameter:
                    assert [finding["reason"]["own_bytes"], finding["reason"]["gradient_bytes"]] == expected["bytes"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_step_in_eager_leaves_gradients_with_the_placements_of_real_tensors(
    traces: dict[str, dict[str, Any]], truth: dict[str, dict[str, Any]], name: str
) -> None:
    found = {}
    for gradient in traces[name]["eager_run"]["gradients"]:
        texts = gradient["sharding"] and [placement["text"] for placement in gradient["sharding"]["placements"]]
        found |= {each: texts for each in gradient["names"] if gradient["kind"] == "parameter" and gradient["present"]}
    assert found == {each: is_real["placements"] for each, is_real in truth[name]["eager"].items() if is_real}


def test_a_gradient_that_a_hook_redistributes_is_no_finding(traces: dict[str, dict[str, Any]]) -> None:
    assert [each["subjects"][0]["name"] for each in traces["Hooked"]["findings"]] == ["two"]
    assert placements(whole(graph_of(traces["Hooked"]), "one").gradient.sharding) == ["Partial(sum)", "Replicate()"]  # type: ignore[union-attr]  # it has one


def test_roles_and_what_they_are_about(traces: dict[str, dict[str, Any]]) -> None:
    graph = graph_of(traces["Plain"])
    assert {each.label: (each.role, each.about) for each in graph.subclasses} == {
        "weight": ("parameter", None),
        "scale": ("buffer", None),
        "tangent(output)": ("tangent", "output"),
        "mutated(scale)": ("mutation", "scale"),
        "output": ("output", None),
        "grad(weight)": ("gradient", "weight"),
        "grad(bias)": ("gradient", "bias"),
    }
    nested = graph_of(traces["Nested"])
    assert [each.role for each in nested.subclasses if each.label in ("x", "pair[0]")] == ["argument", "argument"]
    assert whole(nested, "frozen").gradient is whole(nested, "dead").gradient is None
    assert whole(nested, "output['one']").tangent == Expected("TwoTensor", None, True)


def test_context_and_places(traces: dict[str, dict[str, Any]]) -> None:
    weight = whole(graph_of(traces["Quantized"]), "weight")
    assert weight.context == (("block", "32"), ("dtype", "torch.float32"))
    lines = (FOLDER / "trees.py").read_text(encoding="utf-8").splitlines()
    assert weight.definition is not None
    assert lines[weight.definition.line - 1].startswith("class Scaled")
    assert weight.flatten is not None
    assert "def __tensor_flatten__" in lines[weight.flatten.line - 1]
    assert [(piece.attribute, piece.dtype, piece.stride) for piece in weight.pieces] == [
        ("data_", "int8", (8, 1)),
        ("scale", "float32", (1, 1)),
    ]
    assert weight.gradient == Expected("Tensor")
    jagged = whole(graph_of(traces["Jagged"]), "x")
    assert dict(jagged.context) == {"requires_grad": "True", "ragged_idx": "1"}


def test_opaque_pieces(traces: dict[str, dict[str, Any]]) -> None:
    counter = whole(graph_of(traces["Opaque"]), "weight").pieces[1]
    assert (counter.kind, counter.type, counter.shape, counter.input) == ("opaque", "Counter", None, 1)
    columns = whole(graph_of(traces["Sharded"]), "columns")
    assert columns.pieces[1].value == "DeviceMesh((dp=2, tp=4), 'cpu', stride=(4, 1))"
    assert columns.sharding is not None
    assert (columns.sharding.mesh.shape, columns.sharding.mesh.names) == ((2, 4), ("dp", "tp"))
    assert columns.sharding.mesh.coordinate == (0, 0)
    local = whole(graph_of(traces["Unnamed"]), "local")
    assert local.sharding is not None
    assert local.sharding.mesh.names is None
    assert (local.pieces[0].kind, local.pieces[0].type, local.pieces[0].shape) == ("subclass", "TwoTensor", (2, 16))


def test_symbolic_sizes_and_strides(traces: dict[str, dict[str, Any]]) -> None:
    x = whole(graph_of(traces["Sizes"]), "x")
    sizes = [(piece.attribute, piece.kind, piece.value) for piece in x.pieces[2:]]
    assert x.shape is not None
    first, second = x.shape
    assert sizes == [
        ("size(0)", "size", first),
        ("size(1)", "size", second),
        ("stride(0)", "stride", second),
    ]


def test_an_output_that_is_a_partial_sum_gets_a_replicated_tangent(traces: dict[str, dict[str, Any]]) -> None:
    output = whole(graph_of(traces["Unnamed"]), "output")
    assert placements(output.sharding) == ["Partial(sum)"]
    assert output.tangent is not None
    assert (placements(output.tangent.sharding), output.tangent.is_guessed) == (["Replicate()"], True)


def test_gradients_with_other_placements_are_a_finding_with_line_and_price(traces: dict[str, dict[str, Any]]) -> None:
    findings = [each for each in traces["Sharded"]["findings"] if each["code"] == "gradient-placements"]
    lines = (FOLDER / "trees.py").read_text(encoding="utf-8").splitlines()
    assert [finding["subjects"][0]["name"] for finding in findings] == ["columns", "rows", "bias"]
    for finding in findings:
        assert lines[finding["line"] - 1].strip() == "return (x @ self.columns).relu() @ self.rows + self.bias"
        (made,) = finding["places"]
        assert made["role"] == "made"
        assert lines[made["span"]["line"] - 1].strip().startswith(f"self.{finding['subjects'][0]['name']} = ")
    assert findings[0]["message"] == (
        'columns is Replicate() on dp, Shard(1) on tp, but its gradient is Partial("sum") on dp, Shard(1) on tp: '
        "an optimizer runs an all_reduce of 256 B over dp (2 ranks), wherever it reads the gradient"
    )
    assert [each["bytes"] for each in findings[1]["reason"]["transfers"]] == [256, 1024]
    planned = [each for each in traces["Planned"]["findings"] if each["code"] == "gradient-placements"]
    assert [finding["subjects"][0]["name"] for finding in planned] == ["norm.weight", "norm.bias"]
    (hint,) = traces["Whole"]["findings"]
    assert hint["severity"] == "hint"
    assert hint["message"] == (
        "weight is Shard(0) on tp, but its gradient is Replicate() on tp; this costs no communication; "
        "it takes 1.0 KiB on each rank, its parameter 128 B"
    )
    assert not [each for each in traces["Unnamed"]["findings"] if each["code"] == "gradient-placements"]


@pytest.fixture(scope="module")
def compiled() -> dict[str, dict[str, Any]]:
    traced = trace_json("breaks.py", "--convention", "compile", cwd=FOLDER)["traces"]
    return {trace["target"]["qualname"]: trace for trace in traced}


@pytest.fixture(scope="module")
def backward() -> dict[str, dict[str, Any]]:
    return answers("compiled_backward.py", "breaks.py")


@pytest.mark.parametrize("name", ["Kept", "Missing", "Plain", "Summed", "Split", "Unused", "Both", "Between"])
def test_wrong_assumptions_about_tangents_are_those_of_real_runs(
    compiled: dict[str, dict[str, Any]], backward: dict[str, dict[str, Any]], name: str
) -> None:
    """An error of torch.compile's backward pass, or the collectives that it runs beyond those of eager."""
    trace, ran = compiled[name], backward[name]
    assert trace["status"] == "traced", trace["failure"]
    found = [each for each in trace["findings"] if each["code"].startswith("tangent-")]
    if "error" in ran["compiled"]:
        (finding,) = found
        assert finding["code"] == "tangent-type"
        assert f"Expected a {finding['reason']['assumed']} tangent but got a plain Tensor" in ran["compiled"]["error"]
        expected = {
            "Missing": ("k", True, "warning"),
            "Plain": ("h", False, "warning"),
            "Unused": ("k", True, "warning"),
            "Both": ("output[1]", True, "hint"),
        }[name]
        told = finding["subjects"][0]["name"], finding["reason"]["is_missing"], finding["severity"]
        assert told == expected
        return
    more = Counter(ran["compiled"]["collectives"]) - Counter(ran["eager"]["collectives"])
    moved = [transfer["kind"] for finding in found for transfer in finding["reason"]["transfers"]]
    assert Counter(moved) == more
    if name == "Summed":
        lines = (FOLDER / "breaks.py").read_text(encoding="utf-8").splitlines()
        assert lines[found[0]["line"] - 1].strip() == "h = replicated(x, self.a) @ self.a"
        assert "an all_reduce of 512 B over tp (8 ranks), which eager does not" in found[0]["message"]


def test_trees_of_locals_and_what_later_graphs_hand_in(compiled: dict[str, dict[str, Any]]) -> None:
    first, second = compiled["Kept"]["graphs"]
    (handed,) = [each["handed"] for each in first["subclasses"] if each["label"] == "h"]
    assert [each["type"] for each in handed] == ["TwoTensor"]
    (local,) = [each for each in second["subclasses"] if each["label"] == "h"]
    assert (local["role"], local["gradient"]["type"]) == ("local", "TwoTensor")
    assert [piece["input"] for piece in local["pieces"]] == local["inputs"]
    made_by = [second["inputs"][index]["dynamo"]["made_by"] for index in local["inputs"]]
    assert [first["outputs"][output]["label"] for _, output in made_by] == ["h.a", "h.b"]


def test_a_mesh_that_the_code_reads_is_an_input_of_its_own(compiled: dict[str, dict[str, Any]]) -> None:
    inputs = [each for graph in compiled["Summed"]["graphs"] for each in graph["inputs"]]
    read = [each for each in inputs if each["label"] == "self.a.device_mesh"]
    assert {each["dynamo"]["role"] for each in read} == {"attribute"}
    assert {(*each["mesh"]["shape"], *each["mesh"]["names"]) for each in read} == {(8, "tp")}


def test_recorded_values_have_the_placements_that_eager_gives_them(traces: dict[str, dict[str, Any]]) -> None:
    """`x` splits its batch, `columns` its columns: their product is split in both."""
    values = [value for value in traces["Sharded"]["values"]["values"] if value.get("type") == "DTensor"]
    placed = {
        (tuple(value["shape"]), tuple(each["text"] for each in value["sharding"]["placements"])) for value in values
    }
    assert placed >= {
        ((4, 16), ("Shard(dim=0)", "Replicate()")),
        ((16, 16), ("Replicate()", "Shard(dim=1)")),
        ((4, 16), ("Shard(dim=0)", "Shard(dim=1)")),
    }
