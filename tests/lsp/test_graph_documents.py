"""Graphs as documents, over the wire: their text, and what an editor gets inside them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

import pytest

from lsp.editor import VSCODE, Editor, editing
from support import CORPUS

MODEL = CORPUS / "operations" / "model.py"
EVERYWHERE = {"exclude": []}
CAPABLE = deepcopy(VSCODE)
CAPABLE["workspace"]["textDocumentContent"] = {}


class Graph:
    """A graph that is shown in an editor."""

    def __init__(self, editor: Editor, uri: str, text: str) -> None:
        self.editor = editor
        self.uri = uri
        self.lines = text.split("\n")
        editor.client.open(uri, text)

    def ask(self, method: str, marked: str, **more: Any) -> Any:
        """Ask about the place of `|` in a piece of a line."""
        before, _, after = marked.partition("|")
        line = next(number for number, text in enumerate(self.lines) if before + after in text)
        position = {"line": line, "character": self.lines[line].index(before + after) + len(before)}
        params = {"textDocument": {"uri": self.uri}, "position": position, **more}
        return self.editor.client.result(f"textDocument/{method}", params)

    def line(self, text: str) -> int:
        """The number of the first line with a text."""
        return next(number for number, line in enumerate(self.lines) if text in line)


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with editing(MODEL, capabilities=CAPABLE, trace=EVERYWHERE) as editor:
        editor.until_traced()
        yield editor


@pytest.fixture(scope="module")
def joint(editor: Editor) -> Graph:
    uri = show(editor, "joint")
    assert uri.startswith("aotlens:/joint/") and uri.endswith("/Model.graph")
    return Graph(editor, uri, editor.client.result("workspace/textDocumentContent", {"uri": uri})["text"])


def test_a_graph_opens_where_a_module_begins(editor: Editor, joint: Graph) -> None:
    arguments = [f"{MODEL}::Model", "joint", "blocks.0"]
    params = {"command": "aotlens.showGraph", "arguments": arguments}
    before = len(editor.client.of("window/showDocument"))
    found = editor.client.result("workspace/executeCommand", params)
    assert "blocks.0:" in joint.lines[found["range"]["start"]["line"]]
    shown = editor.client.of("window/showDocument")[before:]
    assert [one["params"]["selection"] for one in shown] == [found["range"]]
    params["arguments"] = [*arguments[:2], "no.such.module"]
    assert editor.client.result("workspace/executeCommand", params)["range"] is None


def show(editor: Editor, kind: str) -> str:
    """The URI of a graph that was shown on demand."""
    arguments = [f"{MODEL}::Model", kind]
    uri = editor.client.result("workspace/executeCommand", {"command": "aotlens.showGraph", "arguments": arguments})[
        "uri"
    ]
    assert editor.client.of("window/showDocument")[-1]["params"]["uri"] == uri
    return uri


def test_text(joint: Graph) -> None:
    assert joint.lines[0].startswith("# joint graph of Model, torch.export's numbering: ")
    assert any(line.strip() == "# model.py:18  self.up(self.norm(x))" for line in joint.lines)
    assert joint.line("grad_blocks_1_up_weight: f32[8, 8] = ")


def test_hover(joint: Graph) -> None:
    said = joint.ask("hover", "    blocks_0_up|_weight: f32[8, 8]")["contents"]["value"]
    assert said.startswith("**blocks.0.up.weight** · node `primals_") and "ParamAOTInput" in said
    said = joint.ask("hover", "ta|nh: f32[2, 8] = ")["contents"]["value"]
    assert said.startswith("**forward** `aten.tanh.default` · node `tanh` · `f32[2, 8]`")


def test_definition(joint: Graph) -> None:
    (link,) = joint.ask("definition", "    blocks_0_up|_weight: f32[8, 8]")
    assert link["targetUri"] == MODEL.as_uri() and link["targetRange"]["start"]["line"] == 14
    (link,) = joint.ask("definition", "aten.split.Tensor(ta|nh, 4, -1)")
    assert link["targetUri"] == joint.uri and link["targetRange"]["start"]["line"] == joint.line("tanh: f32[2, 8] = ")
    (link,) = joint.ask("definition", "ta|nh: f32[2, 8] = ")
    assert link["targetUri"] == MODEL.as_uri()
    assert "torch.tanh(x)" in MODEL.read_text(encoding="utf-8").split("\n")[link["targetRange"]["start"]["line"]]


def test_references_and_highlights(joint: Graph) -> None:
    found = joint.ask("references", "ta|nh: f32[2, 8] = ", context={"includeDeclaration": True})
    assert len(found) >= 2 and {one["uri"] for one in found} == {joint.uri}
    kinds = [one["kind"] for one in joint.ask("documentHighlight", "ta|nh: f32[2, 8] = ")]
    assert kinds.count(3) == 1 and len(kinds) == len(found)


def test_symbols_and_folding(joint: Graph) -> None:
    document = {"textDocument": {"uri": joint.uri}}
    symbols = joint.editor.client.result("textDocument/documentSymbol", document)
    assert [one["name"] for one in symbols] == ["inputs", "forward", "backward", "outputs"]
    block = next(one for one in symbols[1]["children"] if one["name"] == "blocks.0")
    assert [one["name"] for one in block["children"]] == ["norm", "up"]
    folds = joint.editor.client.result("textDocument/foldingRange", document)
    assert {"startLine": 2, "endLine": joint.line("forward:") - 2} in [
        {key: one[key] for key in ("startLine", "endLine")} for one in folds
    ]


def marked(joint: Graph, answer: Any, kind: str) -> list[str]:
    """The lines of the joint graph that an answer highlights."""
    (graph,) = (one for one in answer["graphs"] if one["uri"] == joint.uri)
    found = []
    for one in graph[kind]:
        start, end = one["start"], one["end"]
        assert joint.lines[start["line"]][: start["character"]].isspace()
        assert end["character"] == len(joint.lines[end["line"]])
        found += [text.strip() for text in joint.lines[start["line"] : end["line"] + 1]]
    return found


def corresponding(editor: Editor, where: dict[str, Any]) -> Any:
    return editor.client.result("aotlens/correspondence", where)


def test_a_line_of_source_corresponds_to_its_operations_in_every_layer(editor: Editor, joint: Graph) -> None:
    answer = corresponding(editor, editor.at("return torch.sig|moid(x) * x"))
    assert answer["sources"] == []
    lines = marked(joint, answer, "forward")
    assert sum("aten.sigmoid(" in line for line in lines) == 2
    assert lines[0] == "# model.py:8  torch.sigmoid(x)"
    lines = marked(joint, answer, "backward")
    assert sum("aten.sigmoid_backward(" in line for line in lines) == 2


def test_a_node_corresponds_to_its_line_and_its_derivative(editor: Editor, joint: Graph) -> None:
    line = joint.line("aten.sigmoid_backward(")
    place = {"textDocument": {"uri": joint.uri}, "position": {"line": line, "character": 0}}
    answer = corresponding(editor, place)
    assert answer["backward"] is True
    assert {one["uri"] for one in answer["sources"]} == {editor.uri}
    text = editor.text.split("\n")
    called = [text[one["range"]["start"]["line"]].strip() for one in answer["sources"]]
    assert called == ["return torch.sigmoid(x) * x", "return x + gate(self.up(self.norm(x)))", "x = block(x)"]
    assert sum("aten.sigmoid(" in line for line in marked(joint, answer, "forward")) == 1
    assert joint.lines[line].strip() in marked(joint, answer, "backward")


def test_what_corresponds_to_nothing(editor: Editor, joint: Graph) -> None:
    place = {"textDocument": {"uri": joint.uri}, "position": {"line": 1, "character": 0}}
    assert corresponding(editor, place) is None
    assert corresponding(editor, {**place, "textDocument": {"uri": "file:///nowhere.py"}}) is None
    error = editor.client.error("aotlens/correspondence", {"textDocument": {"uri": joint.uri}})
    assert error["message"] == "aotlens/correspondence: position has to be one of LSP's"


def test_python_files_have_none_of_it(editor: Editor) -> None:
    document = {"textDocument": {"uri": editor.uri}}
    assert editor.client.result("textDocument/documentSymbol", document) is None
    assert editor.client.result("textDocument/foldingRange", document) is None


def test_what_there_is_not(editor: Editor) -> None:
    client = editor.client
    error = client.error("workspace/textDocumentContent", {"uri": "aotlens:/joint/nowhere.py/Nothing.graph"})
    assert error["message"] == "Nothing has no map yet"
    assert "names no graph" in client.error("workspace/textDocumentContent", {"uri": "aotlens:/what"})["message"]
    arguments = [f"{MODEL}::Model", "sideways"]
    error = client.error("workspace/executeCommand", {"command": "aotlens.showGraph", "arguments": arguments})
    assert "'sideways' is none of joint, forward, backward" in error["message"]


def test_a_new_trace_refreshes_the_graph(editor: Editor, joint: Graph) -> None:
    client = editor.client
    client.answers["workspace/textDocumentContent/refresh"] = None
    client.result("workspace/executeCommand", {"command": "aotlens.traceNow", "arguments": [f"{MODEL}::Model"]})
    editor.until_traced()
    asked = client.wait(
        lambda: client.of("workspace/textDocumentContent/refresh") or None, what="a refresh of the graph"
    )
    assert asked[0]["params"] == {"uri": joint.uri}
    assert joint.ask("hover", "ta|nh: f32[2, 8] = ") is None, "the client shows the graph of before"
    assert client.result("workspace/textDocumentContent", {"uri": joint.uri})["text"].split("\n") == joint.lines
    assert joint.ask("hover", "ta|nh: f32[2, 8] = ") is not None


def test_a_graph_that_is_opened_again_answers(editor: Editor) -> None:
    """Also after another trace, which drops its text: not every client asks for the content again."""
    uri = show(editor, "forward")
    text = editor.client.result("workspace/textDocumentContent", {"uri": uri})["text"]
    first = Graph(editor, uri, text).ask("hover", "ta|nh: f32[2, 8] = ")
    assert first is not None
    editor.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert Graph(editor, uri, text).ask("hover", "ta|nh: f32[2, 8] = ") == first
    editor.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    editor.client.result("workspace/executeCommand", {"command": "aotlens.restartTracer", "arguments": []})
    editor.until_traced()
    again = Graph(editor, uri, text)
    assert again.ask("hover", "ta|nh: f32[2, 8] = ") == first
    editor.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_lines_correspond_through_unsaved_edits(editor: Editor, joint: Graph) -> None:
    # The target may have been traced again since the graph was opened.
    assert editor.client.result("workspace/textDocumentContent", {"uri": joint.uri})["text"].split("\n") == joint.lines
    before = corresponding(editor, editor.at("return torch.sig|moid(x) * x"))
    editor.insert(0, "# a comment\n")
    assert corresponding(editor, editor.at("return torch.sig|moid(x) * x")) == before
    assert corresponding(editor, editor.at("# a com|ment")) == {"backward": False, "sources": [], "graphs": []}
    first = joint.ask("definition", "ta|nh: f32[2, 8] = ")[0]["targetRange"]["start"]["line"]
    at = {"line": joint.line("tanh: f32[2, 8] = "), "character": 0}
    answer = corresponding(editor, {"textDocument": {"uri": joint.uri}, "position": at})
    assert answer["sources"][0]["range"]["start"]["line"] == first == editor.at("torch.ta|nh")["position"]["line"]
    text = editor.client.result("workspace/textDocumentContent", {"uri": joint.uri})["text"]
    assert text.split("\n") == joint.lines
    editor.replace("# a comment\n", "")


def test_others_get_a_file() -> None:
    with editing(MODEL, trace=EVERYWHERE) as editor:
        editor.until_traced()
        uri = show(editor, "backward")
        path = Path(url2pathname(uri.removeprefix("file://")))
        graph = Graph(editor, uri, path.read_text(encoding="utf-8"))
        assert graph.lines[0].startswith("# backward graph of Model, torch.export's numbering: ")
        assert graph.ask("hover", "tangent_out|put: f32[2, 8]")["contents"]["value"].startswith("**tangent(output)**")


def test_graphs_of_one_name_in_two_files_are_two_files(tmp_path: Path) -> None:
    paths = [tmp_path / "first" / "model.py", tmp_path / "second" / "model.py"]
    for path, operation in zip(paths, ("exp", "tanh")):
        path.parent.mkdir()
        source = "import torch\n\n\n# aotlens: Net()(torch.ones(2, requires_grad=True))\nclass Net(torch.nn.Module):\n"
        path.write_text(f"{source}    def forward(self, x):\n        return x.{operation}()\n", encoding="utf-8")
    with editing(paths[0], folders=[tmp_path]) as editor:
        other = editor.another(paths[1])
        for one in (editor, other):
            one.until_traced()
        uris = [one.client.result("workspace/executeCommand", command(one.path))["uri"] for one in (editor, other)]
        files = [Path(url2pathname(uri.removeprefix("file://"))) for uri in uris]
        assert files[0] != files[1] and [file.name for file in files] == ["Net.joint.graph"] * 2
        for file, operation in zip(files, ("exp", "tanh")):
            assert f"aten.{operation}(" in file.read_text(encoding="utf-8")
    assert not files[0].parent.parent.exists(), "the server removes its files when it ends"


def command(path: Path) -> dict[str, Any]:
    return {"command": "aotlens.showGraph", "arguments": [f"{path}::Net", "joint"]}
