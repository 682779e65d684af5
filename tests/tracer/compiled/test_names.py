"""The names of the inputs and outputs of torch.compile's graphs, and what is found out about their gradients."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support import trace_json

from .conftest import COMPILED

GRAPHS = {
    "Gradients": """
        Gradients.forward: parameter lost.weight, argument x, parameter kept.weight, parameter twice.weight -> LOCALS
        Gradients.forward after 42: local h (0.0), local k (0.1), parameter twice.weight, local t (0.2) -> SUM*
        Gradients.forward after 44: local SUM (1.0), local self.in_eager(k) -> output
    """,
    "Expressions": """
        Expressions.forward: parameter out.weight, argument x -> self.out(x)*, x.cos()*
        Expressions.forward after 60: local self.out(x) (0.0), local outside(x.cos()) -> output
    """,
    "Layers": """
        Block.forward: parameter blocks.0.inner.weight, parameter blocks.0.inner.bias, argument x -> y*
        Block.forward after 16: local y (0.0) -> output
        Block.forward: parameter blocks.{1 2 3}.inner.weight, parameter blocks.{1 2 3}.inner.bias, local x (1.0) -> y*
    """,
    "TiedBreak": """
        TiedBreak.forward: parameter embedding.weight, argument ids, buffer scale, attribute plain, global TABLE -> h*
        TiedBreak.forward after 91: parameter head.weight, local h (0.0) -> output
    """,
    "Data": """
        Data.forward: parameter up.weight, argument x -> y.sum()*, y*
        Data.forward after 105: local y (0.1) -> output
    """,
    "Sizes": """
        Block.forward: parameter block.inner.weight, parameter block.inner.bias, argument x -> y*
        Block.forward after 16: local y (0.0) -> y.relu()*
        Sizes.forward after 120: argument x -> x[:2]*
        Block.forward: parameter block.inner.weight, parameter block.inner.bias, size x.size(0), local x (2.0) -> y*
        Block.forward after 16: size y.size(0), local y (3.0) -> y.relu()*
        Sizes.forward after 121: local a (1.0), size y.relu().size(0), local y.relu() (4.0) -> output
    """,
    "Numbers": """
        Numbers.forward: size x.size(0), size x.size(1), argument x, number times, number factor, STATE -> output
    """,
    "Decorated": "Decorated.forward: parameter up.weight, size x.size(0), argument x -> output",
    "Wrapped": "Wrapped.forward: parameter up.weight, size x.size(0), argument x -> output",
    "function": """
        function: argument x, argument rest[0], argument rest[1]['k'] -> y*
        function after 197: local y (0.0), global TABLE -> output
    """,
    "Method": """
        Method.score: parameter up.weight, argument x -> output['h']
        Method.score after 211: local h (0.0) -> output['score']
    """,
    "Written": """
        Written.forward: buffer count -> count*
        Written.forward after 226: parameter w, argument x, buffer count -> output
    """,
}


@pytest.fixture(scope="module")
def traced() -> dict[str, dict[str, Any]]:
    found = trace_json("names.py", "--convention", "compile", cwd=COMPILED)["traces"]
    return {trace["target"]["qualname"]: trace for trace in found}


def graphs(trace: dict[str, Any]) -> list[str]:
    """Each graph on a line: its function, its inputs with their roles, its outputs (a star: not of the call)."""
    lines = []
    for graph in trace["graphs"]:
        compiled = graph["compiled"]
        after = f" after {compiled['resumes_at']}" if compiled["resumes_at"] is not None else ""
        inputs = [_input(slot) for slot in graph["inputs"] if slot["dynamo"] is not None]
        outputs = [
            slot["label"] + "*" * slot["is_internal"] for slot in graph["outputs"] if slot["kind"] == "PlainAOTOutput"
        ]
        lines.append(f"{compiled['function']}{after}: {', '.join(inputs)} -> {', '.join(outputs)}")
    return lines


def _input(slot: dict[str, Any]) -> str:
    source = slot["dynamo"]
    made = source["made_by"]
    return f"{source['role']} {_folded(slot['label'], *source['others'])}" + (f" ({made[0]}.{made[1]})" if made else "")


def _folded(*names: str) -> str:
    """Names that differ in a number alone, as one: `blocks.{1 2}.up`."""
    numbers = [number for name in names for number in re.findall(r"\d+", name)]
    return re.sub(r"\d+", f"{{{' '.join(numbers)}}}", names[0]) if len(names) > 1 else names[0]


def codes(trace: dict[str, Any], code: str) -> dict[str, tuple[int, str]]:
    """The findings of one code: by subject, the line and the message."""
    found = [finding for finding in trace["findings"] if finding["code"] == code]
    return {finding["name"]: (finding["line"], finding["message"]) for finding in found}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(traced: dict[str, dict[str, Any]], name: str) -> None:
    assert traced[name]["status"] == "traced", traced[name]["failure"]
    text = (
        GRAPHS[name]
        .replace("LOCALS", "h*, k*, t*")
        .replace("STATE", "buffer scale, attribute cache[1]")
        .replace("SUM", "h.detach() + k + self.twice(t)")
    )
    assert graphs(traced[name]) == [line.strip() for line in text.strip().splitlines()]


def test_a_local_has_the_place_that_computed_it(traced: dict[str, dict[str, Any]]) -> None:
    by_name = {slot["label"]: slot for graph in traced["Gradients"]["graphs"] for slot in graph["inputs"]}
    assert by_name["h"]["dynamo"]["made_at"]["line"] == 38
    assert by_name["self.in_eager(k)"]["dynamo"]["made_at"]["line"] == 44
    assert by_name["kept.weight"]["definition"]["line"] == 32


def test_gradients_are_those_of_the_whole_call(traced: dict[str, dict[str, Any]]) -> None:
    missing = codes(traced["Gradients"], "parameter-without-gradient")
    assert missing == {
        "lost.weight": (31, "lost.weight gets no gradient: cut off by `h.detach()` on line 43"),
        "unused.weight": (34, "unused.weight gets no gradient: forward never uses it"),
    }
    first = traced["Gradients"]["graphs"][0]
    assert first["only_in_graph"] == [slot["index"] for slot in first["inputs"] if slot["label"] == "lost.weight"]
    assert traced["Gradients"]["eager_run"]["problem"] is None
    for name in ("Layers", "TiedBreak", "Data", "Sizes", "Method"):
        assert codes(traced[name], "parameter-without-gradient") == {}
        assert codes(traced[name], "argument-without-gradient") == {}


def test_a_tied_parameter_has_its_other_name(traced: dict[str, dict[str, Any]]) -> None:
    slots = [graph["inputs"][0] for graph in traced["TiedBreak"]["graphs"]]
    assert [slot["tied_to"] for slot in slots] == [["head.weight"], ["embedding.weight"]]


def test_code_that_reads_data_is_called_with_real_tensors(traced: dict[str, dict[str, Any]]) -> None:
    weights = {name: trace["example"]["weights"] for name, trace in traced.items() if trace["example"] is not None}
    assert [name for name, weight in weights.items() if weight == "real"] == ["Data"]


def test_modules_of_functions_that_are_compiled_apart(traced: dict[str, dict[str, Any]]) -> None:
    modules = [{operation["module"] for operation in graph["operations"]} for graph in traced["Layers"]["graphs"]]
    assert "blocks.0.inner" in modules[0]
    assert "blocks.1.inner" in modules[2]


def test_inputs_that_a_graph_writes_to(traced: dict[str, dict[str, Any]]) -> None:
    first, second = traced["Written"]["graphs"]
    assert not first["joint"]
    assert second["joint"]
    (count,) = first["inputs"]
    assert (count["node"], count["is_written"], count["mutation"]) == ("arg0_1", True, None)
    assert codes(traced["Written"], "buffer-mutation")["count"][0] == 225


def test_compiled_code_is_captured_in_the_convention_of_export_too() -> None:
    (trace,) = trace_json("names.py::Decorated", cwd=COMPILED)["traces"]
    assert trace["status"] == "traced", trace["failure"]
    assert [graph["capture"] for graph in trace["graphs"]] == ["dynamo"]
    assert [slot["label"] for slot in trace["graphs"][0]["inputs"][:2]] == ["up.weight", "x"]
    assert trace["eager_run"]["problem"] is None


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("Whole", 171, "Unsupported: Failed to trace builtin operator"),
        ("Skipped", 176, "torch.compile makes no graph of this call: all of it runs in eager"),
        ("Fails", 191, "ValueError: no torch.Size([4, 8])"),
    ],
)
def test_failures(traced: dict[str, dict[str, Any]], name: str, line: int, message: str) -> None:
    failure = traced[name]["failure"]
    assert (failure["line"], failure["message"].partition("\n")[0]) == (line, message)
