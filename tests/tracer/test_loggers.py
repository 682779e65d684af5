"""Calls of loggers do not break the graph: Dynamo skips them."""

from __future__ import annotations

from support import CORPUS, trace_json


def test_loggers_are_passed_over() -> None:
    (trace,) = trace_json("model.py", cwd=CORPUS / "loggers")["traces"]
    assert trace["status"] == "traced", trace["failure"]
    assert trace["graphs"][0]["capture"] == "dynamo"
    assert trace["graph_breaks"] == []
