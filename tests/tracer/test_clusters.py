"""Code of torch.distributed is traced as one rank of a fake cluster, which an example or an option names."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support import CORPUS, run_aotlens, trace_json

FOLDER = CORPUS / "clusters"
BLAMING = ("parameter-without-gradient", "unregistered-parameter", "eager-step-failed")
STATE = ("up.weight", "up.bias", "down.weight", "down.bias")


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("model.py", cwd=FOLDER)["traces"]}


@pytest.fixture(scope="module")
def managed() -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("managed.py", cwd=FOLDER)["traces"]}


@pytest.fixture(scope="module")
def compiled() -> dict[str, dict[str, Any]]:
    answer = trace_json("managed.py", "--convention", "compile", cwd=FOLDER)
    return {trace["target"]["qualname"]: trace for trace in answer["traces"]}


def _graph(trace: dict[str, Any]) -> dict[str, Any]:
    assert trace["status"] == "traced", trace["failure"]
    (graph,) = trace["graphs"]
    return graph


def _operations(graph: dict[str, Any]) -> list[str]:
    return [operation["op"] for operation in graph["operations"]]


def _codes(trace: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in trace["findings"]]


@pytest.mark.parametrize(
    ("name", "rank", "size", "mesh"),
    [
        ("Named", 5, 8, [["dp", 2], ["tp", 4]]),
        ("OwnGroup", 3, 8, []),
        ("Alone", 1, 2, []),
        ("ByHand", 6, 8, []),
        ("Sequence", 0, 4, []),
        ("InForward", 0, 8, [["dp", 2], ["tp", 4]]),
    ],
)
def test_an_example_is_one_rank_of_its_cluster(
    traces: dict[str, dict[str, Any]], name: str, rank: int, size: int, mesh: list[Any]
) -> None:
    graph = _graph(traces[name])
    assert traces[name]["example"]["options"]["world"] == {"size": size, "rank": rank, "mesh": mesh}
    assert traces[name]["example"]["weights"] == "fake"
    assert any(piece["label"].endswith("._local_tensor") for piece in graph["inputs"])
    assert traces[name]["eager_run"]["problem"] is None
    parameters = [each for each in traces[name]["eager_run"]["gradients"] if each["kind"] == "parameter"]
    assert parameters and all(each["present"] and each["again"] for each in parameters)


def test_nothing_is_left_for_the_next_trace(traces: dict[str, dict[str, Any]]) -> None:
    assert _graph(traces["Plain"])
    assert traces["Plain"]["example"]["options"]["world"] is None


def test_a_class_that_is_recorded_in_a_cluster_is_compared_with_eager(traces: dict[str, dict[str, Any]]) -> None:
    """The steps take a copy of it, with its DTensors; no pin builds it, because its constructor makes plain ones."""
    assert traces["Mlp"]["example"]["recorded_in"] == "model.py::Sequence"
    assert traces["Mlp"]["example"]["pin"] is None
    assert traces["Mlp"]["eager_run"]["problem"] is None


@pytest.mark.parametrize("name", ["Sharded", "Replicated", "ReplicatedByFsdp", "InDdp"])
def test_a_managed_module_has_the_graph_of_the_plain_one(managed: dict[str, dict[str, Any]], name: str) -> None:
    graph, plain = _graph(managed[name]), _graph(managed["Plain"])
    assert graph["capture"] == "dynamo"
    assert _operations(graph) == _operations(plain)
    prefix = "module." if name == "InDdp" else ""
    assert [slot["label"] for slot in graph["inputs"]][:5] == [*(prefix + label for label in STATE), "x"]
    assert [slot["shape"] for slot in graph["inputs"]] == [slot["shape"] for slot in plain["inputs"]]
    assert _codes(managed[name]) == ["communication-outside-graph"]
    assert managed[name]["eager_run"]["error"] is None
    assert managed[name]["graph_breaks"] == []


def test_mixed_precision_is_part_of_the_graph(managed: dict[str, dict[str, Any]]) -> None:
    graph = _graph(managed["Mixed"])
    dtypes = {slot["label"]: slot["dtype"] for slot in (*graph["inputs"], *graph["outputs"])}
    assert [dtypes[label] for label in STATE] == ["bfloat16"] * 4
    assert (dtypes["x"], dtypes["output"], dtypes["grad(up.weight)"]) == ("float32", "float32", "bfloat16")
    assert not any("aotlens_tracer" in frame["span"]["path"] for frame in graph["frames"])


def test_what_tensor_parallel_leaves_of_a_gathered_parameter_is_a_dtensor(managed: dict[str, dict[str, Any]]) -> None:
    trees = {
        tree["label"]: tree for tree in _graph(managed["TwoDimensions"])["subclasses"] if tree["role"] == "parameter"
    }
    assert {label: tree["sharding"]["placements"][0]["text"] for label, tree in trees.items()} == {
        "up.weight": "Shard(dim=0)",
        "up.bias": "Shard(dim=0)",
        "down.weight": "Shard(dim=1)",
        "down.bias": "Replicate()",
    }
    assert trees["up.weight"]["shape"] == [64, 16]
    assert trees["up.weight"]["sharding"]["mesh"]["names"] == ["tp"]


@pytest.mark.parametrize("name", ["Sharded", "TwoDimensions", "InDdp"])
def test_the_finding_is_where_the_function_was_called(managed: dict[str, dict[str, Any]], name: str) -> None:
    (finding,) = managed[name]["findings"]
    line = (FOLDER / "managed.py").read_text(encoding="utf-8").splitlines()[finding["line"] - 1]
    assert "fully_shard(" in line or "DistributedDataParallel(" in line
    assert f"4 parameters on each of {2 if name == 'TwoDimensions' else 8} ranks" in finding["message"]


def test_torch_compile_makes_graphs_between_the_hooks(compiled: dict[str, dict[str, Any]]) -> None:
    """Parameters have their own names, and nothing of the user's is blamed."""
    for name, prefixes in (
        ("ReplicatedByFsdp", [""]),
        ("InDdp", ["module."]),
        ("Replicated", [""]),
        ("Blocks", ["layers.0.", "layers.1."]),
    ):
        trace = compiled[name]
        assert trace["status"] == "traced", trace["failure"]
        assert len(trace["graphs"]) == len(prefixes)
        labels = {slot["label"] for graph in trace["graphs"] for slot in graph["inputs"]}
        assert labels >= {prefix + label for prefix in prefixes for label in STATE}
        about = [each["subjects"][0]["name"] for each in trace["findings"] if each["code"] in BLAMING]
        assert about == (["unused.weight", "unused.bias"] if name == "Blocks" else [])


def test_modules_have_the_classes_of_the_users_code(managed: dict[str, dict[str, Any]]) -> None:
    """`fully_shard` gives each a class of its own, which also refuses to be copied for the steps in eager."""
    kinds = {module["name"]: module["type"] for module in managed["Blocks"]["modules"]}
    assert kinds == {"": "Blocks", "layers": "ModuleList", "unused": "Linear"} | {
        f"layers.{number}{name}": kind
        for number in range(2)
        for name, kind in (("", "Mlp"), (".up", "Linear"), (".down", "Linear"))
    }
    assert managed["Mlp"]["example"]["recorded_in"] == "managed.py::Blocks"
    assert managed["Mlp"]["example"]["constructor"] == "Mlp(width=16)"
    assert managed["Mlp"]["eager_run"]["problem"] is None


def test_the_function_that_redistributes_a_gradient_is_named(managed: dict[str, dict[str, Any]]) -> None:
    """FSDP's hook does so (`FSDPParam._get_grad_inner_tensor`), before an optimizer reads the gradient."""
    messages = [each["message"] for each in managed["ShardedSequence"]["findings"] if "placements" in each["code"]]
    assert messages
    assert all("fully_shard runs an all_reduce of 64 B over tp (4 ranks)" in message for message in messages)


def test_a_sharded_parameter_that_nothing_uses_is_found(managed: dict[str, dict[str, Any]]) -> None:
    assert _codes(managed["Blocks"]) == ["communication-outside-graph", *["parameter-without-gradient"] * 2]
    assert managed["Blocks"]["eager_run"]["draws"] is False


def test_a_mistake_in_a_sharded_module_is_told_as_in_eager(managed: dict[str, dict[str, Any]]) -> None:
    failure = managed["WrongWidth"]["failure"]
    assert failure["stage"] == "forward"
    assert failure["frames"][-1]["code"] == "return self.down(self.up(x).relu())"
    assert "is shared with a parameter already managed by another FSDP group" in managed["Tied"]["failure"]["message"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("WithoutCluster", r"write `; mesh\(dp=2, tp=4\)` after the example, or use --mesh dp=2,tp=4$"),
        ("TooSmall", r"write `; world\(4\)` after the example, or use --world-size 4$"),
        ("ReadsRank", "--mesh dp=2,tp=4 or --world-size 8$"),
        ("WrongOption", r"options follow the call after semicolons: mesh\(dp=2"),
    ],
)
def test_code_without_a_cluster_is_told_the_option(traces: dict[str, dict[str, Any]], name: str, words: str) -> None:
    failure = traces[name]["failure"]
    assert re.search(words, failure["hint"]), failure["hint"]


def test_a_wrong_option_has_its_place(traces: dict[str, dict[str, Any]]) -> None:
    failure = traces["WrongOption"]["failure"]
    line = (FOLDER / "model.py").read_text(encoding="utf-8").splitlines()[failure["line"] - 1]
    assert line[failure["column"] - 1 :] == "0)"


def test_the_command_line_goes_before_the_example() -> None:
    (trace,) = trace_json("model.py::Named", "--mesh", "dp=4,tp=2", "--rank", "7", cwd=FOLDER)["traces"]
    assert trace["example"]["options"]["world"] == {"size": 8, "rank": 7, "mesh": [["dp", 4], ["tp", 2]]}
    local = next(slot for slot in _graph(trace)["inputs"] if slot["label"] == "up.weight._local_tensor")
    assert local["shape"] == [32, 16]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mesh", "2x4"), "each dimension of a mesh has a name and a size"),
        (("--mesh", "dp=2,tp=4", "--world-size", "4"), "do not make up the number of ranks"),
        (("--rank", "3"), "give it with --mesh or --world-size"),
        (("--world-size", "2", "--rank", "2"), "a rank is a whole number from 0"),
    ],
)
def test_a_wrong_cluster_is_wrong_usage(options: tuple[str, ...], message: str) -> None:
    done = run_aotlens("trace", "model.py::Plain", *options, cwd=FOLDER)
    assert done.returncode == 2
    assert message in done.stderr
