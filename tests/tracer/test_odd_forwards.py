"""A `forward` that is no plain method is captured as torch.compile takes it, and a refusal is Dynamo's own."""

from __future__ import annotations

from support import CORPUS, trace_json

STATE = ["linear.weight", "linear.bias"]


def test_a_forward_that_is_no_plain_method_is_captured_whole() -> None:
    traces = {each["target"]["qualname"]: each for each in trace_json("model.py", cwd=CORPUS / "forwards")["traces"]}
    for name, labels in {"Partial": STATE, "Decorated": STATE, "Builtin": []}.items():
        trace = traces[name]
        (graph,) = trace["graphs"]
        assert (graph["capture"], trace["graph_breaks"]) == ("dynamo", []), name
        assert [each["label"] for each in graph["inputs"] if each["gradient"] is not None] == labels, name


def test_a_refusal_is_that_of_dynamo() -> None:
    (trace,) = trace_json("model.py::PartialMethod", cwd=CORPUS / "forwards")["traces"]
    assert "__func__" not in str(trace["graph_breaks"])
    assert [each["label"] for each in trace["graphs"][0]["inputs"] if each["gradient"] is not None] == STATE
