"""Bodies of higher-order operations: every node of torch's own submodules, and the lines, passes and annotations."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from aotlens_tracer.torch_private import dynamo_capture, joint_capture, take_flex_attention_on_cpu
from support import CORPUS, run_aotlens, trace_json

FOLDER = CORPUS / "bodies"
INPUTS = {
    "control_flow::Branches": (3, 4),
    "control_flow::Nested": (3, 4),
    "control_flow::Loop": (3, 4),
    "control_flow::Recurrent": (5, 3, 4),
    "control_flow::Rows": (5, 3, 4),
    "regions::Stack": (3, 4),
    "regions::Biased": (1, 128, 16),
    "regions::Custom": (3, 4),
    "regions::Checkpointed": (3, 4),
    "regions::Staged": (3, 4),
}


@pytest.fixture(scope="module")
def graphs() -> dict[str, dict[str, Any]]:
    found = {}
    for file in ("control_flow", "regions"):
        for trace in trace_json(f"{file}.py", cwd=FOLDER)["traces"]:
            assert trace["status"] == "traced", trace["failure"]
            found[f"{file}::{trace['target']['qualname']}"] = trace["graphs"][0]
    return found


def body(graph: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in graph["bodies"] if one["name"] == name)


def line(graph: dict[str, Any], file: str, operation: dict[str, Any]) -> str:
    """The line of source of an operation."""
    span = graph["frames"][operation["frame"]]["span"]
    return (FOLDER / f"{file}.py").read_text(encoding="utf-8").split("\n")[span["line"] - 1].strip()


def torch_bodies(graph_module: torch.fx.GraphModule, path: str = "") -> Iterator[tuple[str, torch.fx.GraphModule]]:
    """The submodules that the nodes of a graph read, by path."""
    for node in graph_module.graph.find_nodes(op="get_attr"):
        inner = graph_module.get_submodule(str(node.target))
        yield f"{path}{node.target}", inner
        yield from torch_bodies(inner, f"{path}{node.target}.")


def shape(node: torch.fx.Node) -> list[str] | None:
    value = node.meta.get("val")
    return [str(size) for size in value.shape] if isinstance(value, torch.Tensor) else None


@pytest.mark.parametrize("target", INPUTS)
def test_every_node_of_every_submodule_of_torchs_joint_graph_is_there(
    graphs: dict[str, dict[str, Any]], target: str
) -> None:
    file, _, qualname = target.partition("::")
    spec = importlib.util.spec_from_file_location(f"bodies_{file}", Path(FOLDER / f"{file}.py"))
    assert spec is not None and spec.loader is not None
    source = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(source)
    take_flex_attention_on_cpu()
    module: nn.Module = getattr(source, qualname)()
    given = (torch.randn(INPUTS[target]),)
    captured = dynamo_capture(module, given, {})
    expected: dict[str, Any] = {}
    with joint_capture(captured, given, {}, module) as (joint, _):
        for name, inner in torch_bodies(joint.graph_module):
            nodes = [node for node in inner.graph.nodes if node.op not in ("placeholder", "output")]
            expected[name] = (
                [(node.name, shape(node)) for node in inner.graph.find_nodes(op="placeholder")],
                [(node.name, getattr(node.target, "__name__", str(node.target)), shape(node)) for node in nodes],
            )
    found = {
        one["name"]: (
            [(slot["node"], strings(slot["shape"])) for slot in one["inputs"]],
            [(each["name"], bare(each), strings(each["shape"])) for each in one["operations"]],
        )
        for one in graphs[target]["bodies"]
    }
    assert found == expected


def bare(operation: dict[str, Any]) -> str:
    """The name that torch gives to the operator of a node: `add.Tensor` for `aten.add.Tensor`."""
    if operation["op"] == "get_attr":
        return str(operation["arguments"])
    return operation["op"].split(".", 1)[1] if "." in operation["op"] else str(operation["op"])


def strings(sizes: list[int | str] | None) -> list[str] | None:
    return [str(size) for size in sizes] if sizes is not None else None


def test_operations_of_branches_have_their_own_lines_and_modules(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["control_flow::Branches"]
    found = [(o["op"], line(graph, "control_flow", o), o["module"]) for o in body(graph, "true_graph_0")["operations"]]
    assert found == [
        ("aten.t.default", "h = self.wide(x)", "wide"),
        ("aten.addmm.default", "h = self.wide(x)", "wide"),
        ("aten.relu.default", "return torch.relu(h).sin()", ""),
        ("aten.sin.default", "return torch.relu(h).sin()", ""),
    ]


def test_inputs_of_branches_name_their_operands(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["control_flow::Branches"]
    labels = {slot["node"]: slot["label"] for slot in graph["inputs"]}
    (call,) = body(graph, "false_graph_0")["calls"]
    assert (call["operation"], call["role"]) == ("cond", "false")
    operands = [labels[name] for name in call["operands"]]
    assert operands == ["x", "wide.bias", "wide.weight", "narrow.bias", "narrow.weight"]


def test_backward_branches_repeat_the_operations_of_the_forward_branches(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["control_flow::Branches"]
    branch = body(graph, "true_graph_1")
    assert branch["backward"] and all(o["backward"] for o in branch["operations"])
    repeated = {o["name"]: (o["forward"], line(graph, "control_flow", o)) for o in branch["operations"] if o["forward"]}
    assert repeated == {
        "t": ("true_graph_0.t", "h = self.wide(x)"),
        "addmm": ("true_graph_0.addmm", "h = self.wide(x)"),
        "relu": ("true_graph_0.relu", "return torch.relu(h).sin()"),
    }


def test_a_branch_in_a_branch_repeats_too(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["control_flow::Nested"]
    (first, *_) = body(graph, "true_graph_1.true_graph_1")["operations"]
    assert (first["forward"], first["is_repeated"]) == ("true_graph_0.true_graph_0.t", True)


def test_bodies_that_torch_traces_anew_have_the_lines_of_dynamos_graph(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["control_flow::Recurrent"]
    step = body(graph, "scan_combine_graph_0")["operations"]
    lines = {o["op"]: line(graph, "control_flow", o) for o in step}
    assert lines["aten.mm.default"] == lines["aten.tanh.default"] == "h = torch.tanh(carry @ self.weight + row)"
    assert lines["aten.mul.Tensor"] == "return h, h * 2"
    assert lines["aten.t_copy.default"] == "carry, rows = scan(step, torch.zeros(3, 4), x)"
    graph = graphs["regions::Biased"]
    for name in ("sdpa_score0", "fw_graph0"):
        lines = {o["op"]: line(graph, "regions", o) for o in body(graph, name)["operations"]}
        assert set(lines.values()) == {"return score + self.bias[h] * (q_idx - kv_idx)"}


def test_inputs_of_loops_say_how_they_are_passed(graphs: dict[str, dict[str, Any]]) -> None:
    step = body(graphs["control_flow::Recurrent"], "scan_combine_graph_0")
    assert [slot["passed"] for slot in step["inputs"]] == ["carry", "element", "value"]
    loop = body(graphs["control_flow::Loop"], "while_loop_body_graph_0")
    assert [slot["passed"] for slot in loop["inputs"]] == ["carry", "carry", "value", "value"]
    assert [slot["passed"] for slot in body(graphs["control_flow::Rows"], "body_graph_0")["inputs"]] == [
        "element",
        "value",
    ]


def test_score_functions_have_the_names_of_torchs_indices(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["regions::Biased"]
    roles = {one["name"]: (one["calls"][0]["role"], one["backward"]) for one in graph["bodies"]}
    assert roles == {
        "sdpa_score0": ("score-mod", False),
        "sdpa_mask0": ("mask-mod", False),
        "fw_graph0": ("score-mod", True),
        "joint_graph0": ("score-mod-derivative", True),
        "mask_graph0": ("mask-mod", True),
    }
    inputs = body(graph, "sdpa_score0")["inputs"]
    assert [slot["name"] for slot in inputs] == ["score", "b", "h", "q_idx", "kv_idx", None]
    mask = body(graph, "mask_graph0")["operations"][0]
    assert mask["forward"] == "sdpa_mask0.ge" and line(graph, "regions", mask) == "return q_idx >= kv_idx"


def test_a_region_that_several_modules_run_belongs_to_none_of_them(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["regions::Stack"]
    region = body(graph, "repeated_subgraph0")
    assert len(region["calls"]) == 2
    assert all(o["module"] is None for o in region["operations"])
    partition = graph["partition"]
    assert {one["name"] for one in partition["bodies"]} == {
        "partitioned_fw_subgraph_1_0",
        "partitioned_bw_subgraph_1_0",
    }


def test_a_region_stands_once_in_the_text_and_has_other_names_at_its_other_calls() -> None:
    text = run_aotlens("trace", "regions.py::Stack", "--graph", "backward", cwd=FOLDER).stdout
    lines = [line.strip() for line in text.split("\n")]
    (definition,) = (line for line in lines if line.startswith("def "))
    name = definition.removeprefix("def ").partition("(")[0]
    (other,) = (line for line in lines if line.endswith(f"= {name}"))
    assert other.partition(" ")[0] != name
    called = [line for line in lines if f"invoke_subgraph({name}," in line]
    called += [line for line in lines if f"invoke_subgraph({other.partition(' ')[0]}," in line]
    assert len(called) == 2


def test_bodies_of_the_partition_are_those_that_differ(graphs: dict[str, dict[str, Any]]) -> None:
    assert graphs["control_flow::Branches"]["partition"]["bodies"] == []


def test_the_backward_of_a_custom_function_runs_in_the_backward_pass(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["regions::Custom"]
    found = {(line(graph, "regions", o), o["backward"]) for o in graph["operations"]}
    assert found == {
        ("return x.sin() * weight", False),
        ("return grad * x.cos() * weight, (grad * x.sin()).sum(0)", True),
    }
    x = next(slot for slot in graph["inputs"] if slot["label"] == "x")
    assert len(x["reads"]) == 1


def test_what_torch_captures_in_place_has_no_body(graphs: dict[str, dict[str, Any]]) -> None:
    assert all(graphs[f"regions::{name}"]["bodies"] == [] for name in ("Custom", "Checkpointed", "Staged"))


def test_annotations_are_on_the_operations_of_both_passes(graphs: dict[str, dict[str, Any]]) -> None:
    graph = graphs["regions::Staged"]
    found = {(o["op"], o["backward"]): o["annotations"] for o in graph["operations"]}
    assert found["aten.sin.default", False] == {"stage": 1}
    assert found["aten.cos.default", True] == {"stage": 1}
    both = {"stage": 1, "part": ["tail", 2], "dtype": "torch.float32"}
    assert next(o["annotations"] for o in graph["operations"] if o["op"] == "aten.mul.Tensor") == both
    assert found["aten.add.Tensor", False] == {}
