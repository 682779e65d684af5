"""Bodies of higher-order operations in a graph, over the wire: hover, definition, outline, folding, highlights."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from lsp.editor import VSCODE, Editor, editing
from support import ROOT

FLOW = ROOT / "tests/unit/features/project/control/flow.py"
CAPABLE = deepcopy(VSCODE)
CAPABLE["workspace"]["textDocumentContent"] = {}


class Graph:
    """The joint graph of the model in an editor."""

    def __init__(self, editor: Editor) -> None:
        self.client = editor.client
        asked = {"command": "aotlens.showGraph", "arguments": [f"{FLOW}::Flow", "joint"]}
        self.uri = self.client.result("workspace/executeCommand", asked)["uri"]
        text = self.client.result("workspace/textDocumentContent", {"uri": self.uri})["text"]
        self.lines = text.split("\n")
        self.client.open(self.uri, text)

    def place(self, marked: str) -> dict[str, Any]:
        """The position of `|` in the first line with this text."""
        before, _, after = marked.partition("|")
        line = next(number for number, text in enumerate(self.lines) if before + after in text)
        return {"line": line, "character": self.lines[line].index(before + after) + len(before)}

    def ask(self, method: str, marked: str | None = None) -> Any:
        params = {"textDocument": {"uri": self.uri}, **({"position": self.place(marked)} if marked else {})}
        return self.client.result(f"textDocument/{method}", params)


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with editing(FLOW, capabilities=CAPABLE, trace={"exclude": []}) as editor:
        editor.until_traced()
        yield editor


@pytest.fixture(scope="module")
def graph(editor: Editor) -> Graph:
    return Graph(editor)


def test_a_branch_is_a_function_above_the_operation_that_runs_it(graph: Graph) -> None:
    definition = graph.place("|def true_graph_0(  # true branch of cond")["line"]
    assert definition < graph.place("|cond = higher_order.cond(")["line"]
    said = graph.ask("hover", "def true|_graph_0(")["contents"]["value"]
    assert said.startswith("**true branch of cond** · body `true_graph_0`")
    said = graph.ask("hover", "wide_|bias: f32[4],")["contents"]["value"]
    assert "is `wide.bias`" in said


def test_a_name_in_a_branch_leads_to_the_input_of_the_branch(graph: Graph) -> None:
    answer = graph.ask("definition", "aten.addmm(wide_|bias")
    found = answer if isinstance(answer, list) else [answer]
    line = graph.place("|wide_bias: f32[4],")["line"]
    ranges = [one.get("targetSelectionRange") or one["range"] for one in found]
    assert line in [one["start"]["line"] for one in ranges]


def test_bodies_are_functions_in_the_outline_and_fold(graph: Graph) -> None:
    forward = next(one for one in graph.ask("documentSymbol") if one["name"] == "forward")
    functions = [(one["name"], one["detail"]) for one in forward["children"] if one["kind"] == 12]
    assert functions == [
        ("true_graph_0", "true branch of cond"),
        ("false_graph_0", "false branch of cond"),
        ("scan_combine_graph_0", "step of scan"),
    ]
    start = graph.place("|def true_graph_0(")["line"]
    fold = next(one for one in graph.ask("foldingRange") if one["startLine"] == start)
    assert graph.lines[fold["endLine"]].strip() == "return sin"


def test_a_line_of_a_branch_highlights_both_passes(editor: Editor, graph: Graph) -> None:
    answer = editor.client.result("aotlens/correspondence", editor.at("return torch.relu(h)|.sin()"))
    (shown,) = (one for one in answer["graphs"] if one["uri"] == graph.uri)
    lines = {
        kind: [
            text.strip() for one in shown[kind] for text in graph.lines[one["start"]["line"] : one["end"]["line"] + 1]
        ]
        for kind in ("forward", "backward")
    }
    assert "sin: f32[5, 3, 4] = aten.sin(relu)" in lines["forward"]
    assert "relu: f32[5, 3, 4] = aten.relu(view_1)  # computed again" in lines["backward"]
