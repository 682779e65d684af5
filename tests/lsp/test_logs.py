"""A log of torch.compile that is open in an editor, over the wire. The log comes from another machine."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lsp.client import serving
from lsp.editor import PATIENCE, VSCODE, Editor, editing

PROJECT = Path(__file__).parent.parent / "vscode" / "project"
CAPABLE = deepcopy(VSCODE)
CAPABLE["workspace"] |= {"textDocumentContent": {}, "applyEdit": True}
CAPABLE["textDocument"]["documentSymbol"] = {"hierarchicalDocumentSymbolSupport": True}
ADDMM = "addmm.default(primals_2, primals|_3, t)"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """The log, in a workspace that is not trusted: nothing is traced."""
    folder = tmp_path_factory.mktemp("work")
    for name in ("halves.py", "halves.log"):
        shutil.copy(PROJECT / name, folder / name)
    with editing(folder / "halves.log", capabilities=CAPABLE, trusted=False) as editor:
        editor.client.answers["workspace/applyEdit"] = {"applied": True}
        yield editor


def document(editor: Editor) -> dict[str, Any]:
    return {"textDocument": {"uri": editor.uri}}


def lines_of(text: str) -> list[str]:
    return text.split("\n")


def test_a_hover_names_the_argument_from_the_log_alone(log: Editor) -> None:
    said = log.hover(ADDMM)
    assert said.startswith("**argument** `x` · `primals_3` of joint graph 0, compile `0/0_1` · `f32[4, 8][8, 1]cpu`")
    assert "From this log alone: no model of this workspace is traced." in said
    assert log.hover("relu.default(primals|_1)").startswith("**local** `hidden` · `primals_1` of joint graph 1")
    assert log.hover(' m|m: "f32[16, 8]').startswith("**value** · `mm` of joint graph 0")
    assert "computed at `halves.py:18`" in log.hover(' m|m: "f32[16, 8]')


def test_a_path_of_another_machine_leads_to_the_file_here(log: Editor) -> None:
    here = log.path.with_name("halves.py")
    (link,) = log.ask("definition", "# File: /home/user/project/halves|.py:18 in forward")
    assert link["targetUri"] == here.as_uri() and link["targetRange"]["start"]["line"] == 17
    said = log.hover("# File: /home/user/project/halves|.py:18 in forward")
    assert f"`/home/user/project/halves.py` is not on this machine; its name fits `{here}`." in said
    links = log.client.result("textDocument/documentLink", document(log))
    assert {one["target"] for one in links} == {f"{here.as_uri()}#L{line}" for line in (18, 19, 20, 24)}
    assert all("is not on this machine" in one["tooltip"] for one in links)


def test_a_number_leads_to_the_input_of_the_dynamo_graph(log: Editor) -> None:
    (link,) = log.ask("definition", ADDMM)
    text = lines_of(log.text)
    assert link["targetUri"] == log.uri
    start = link["targetRange"]["start"]
    assert text[start["line"]][start["character"] :].startswith('L_x_: "f32[4, 8]')


def test_the_outline_has_compiles_graphs_and_inputs(log: Editor) -> None:
    first, second = log.client.result("textDocument/documentSymbol", document(log))
    assert (first["name"], second["name"]) == ("compile 0/0_1", "compile 1/0")
    assert first["detail"] == "forward, halves.py:18"
    assert second["detail"] == "forward after the graph break in line 19, halves.py:20"
    graphs = [one["name"] for one in first["children"]]
    assert graphs == ["Dynamo graph", "joint graph 0", "forward graph 0", "backward graph 0"]
    inputs = {one["name"]: one["detail"] for one in first["children"][1]["children"]}
    assert inputs["primals_3"] == "argument x  f32[4, 8][8, 1]cpu"
    folds = log.client.result("textDocument/foldingRange", document(log))
    assert len(folds) == 8
    assert all(fold["startLine"] < fold["endLine"] for fold in folds)


def test_the_names_are_written_at_the_ends_of_lines(log: Editor) -> None:
    context = {"context": {"diagnostics": []}, "range": {"start": {"line": 0, "character": 0}}}
    context["range"]["end"] = context["range"]["start"]
    actions = log.client.result("textDocument/codeAction", {**document(log), **context})
    assert [one["command"]["command"] for one in actions] == ["aotlens.writeNames", "aotlens.decodeLog"]
    assert {one["kind"] for one in actions} == {"refactor.rewrite"}
    done = log.client.result("workspace/executeCommand", actions[0]["command"])
    (change,) = log.client.of("workspace/applyEdit")[-1]["params"]["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": log.uri, "version": log.version}
    assert len(change["edits"]) == done > 10
    text = lines_of(log.text)
    after = {}
    for edit in change["edits"]:
        line, end = edit["range"]["start"]["line"], edit["range"]["end"]
        assert end == {"line": line, "character": len(text[line])}
        after[line] = text[line][: edit["range"]["start"]["character"]] + edit["newText"]
    line = log.at(ADDMM)["position"]["line"]
    assert after[line].endswith("primals_2 = t = None  # primals_2: parameter up.bias, primals_3: argument x")
    assert after[line].startswith(text[line])


def test_a_copy_has_the_names_and_answers_too(log: Editor) -> None:
    answer = log.client.result("workspace/executeCommand", {"command": "aotlens.decodeLog", "arguments": [log.uri]})
    assert log.client.of("window/showDocument")[-1]["params"]["uri"] == answer["uri"]
    assert answer["uri"].startswith("aotlens:/decoded/") and answer["uri"].endswith("/halves.decoded.log")
    content = log.client.result("workspace/textDocumentContent", {"uri": answer["uri"]})["text"]
    assert content == answer["text"]
    assert [line.partition("  # primals")[0] for line in lines_of(content)] != lines_of(content)
    assert len(lines_of(content)) == len(lines_of(log.text))
    log.client.open(answer["uri"], content)
    line = log.at(ADDMM)["position"]["line"]
    position = {"line": line, "character": lines_of(content)[line].index("primals_3") + 2}
    said = log.client.result("textDocument/hover", {"textDocument": {"uri": answer["uri"]}, "position": position})
    assert said["contents"]["value"].startswith("**argument** `x`")
    log.client.notify("textDocument/didClose", {"textDocument": {"uri": answer["uri"]}})


def test_names_are_written_once(log: Editor) -> None:
    copy = log.path.with_name("written.log")
    answer = log.client.result("workspace/executeCommand", {"command": "aotlens.decodeLog", "arguments": [log.uri]})
    copy.write_text(answer["text"], encoding="utf-8")
    written = log.another(copy)
    arguments = {"command": "aotlens.writeNames", "arguments": [written.uri]}
    assert log.client.result("workspace/executeCommand", arguments) == 0
    assert "all names are there" in log.popped_up()[-1]


def test_the_model_beside_the_log_is_traced_for_it(tmp_path: Path) -> None:
    """Its file is not open, and its example has another batch."""
    for name in ("halves.py", "halves.log"):
        shutil.copy(PROJECT / name, tmp_path / name)
    with editing(tmp_path / "halves.log", capabilities=CAPABLE) as log:
        end = time.monotonic() + PATIENCE
        while "From this log alone" in (said := log.hover(ADDMM)):
            assert time.monotonic() < end, said
            time.sleep(0.2)
        assert said.startswith("**argument** `x` of `Halves` · `f32[2, 8]`")
        assert "`primals_3` of joint graph 0, compile `0/0_1` · in the log `f32[4, 8][8, 1]cpu`" in said
        assert "The traced model `Halves` has this graph. The sizes in the log are others." in said
        assert "gradient is output 1 (`t_3`)" in log.hover("aten.t.default(primals|_1);  primals_1 = None\n")
        code = lines_of((tmp_path / "halves.py").read_text(encoding="utf-8"))
        for marked, made in (("relu.default(primals|_1)", "self.up(x)"), ("primals|_1: ", "nn.Linear(8, 16)")):
            (link,) = log.ask("definition", marked)
            target = link["targetRange"]
            assert link["targetUri"] == (tmp_path / "halves.py").as_uri()
            line = code[target["start"]["line"]]
            assert line[target["start"]["character"] : target["end"]["character"]] == made


def test_a_text_without_graphs_is_left_alone(log: Editor) -> None:
    notes = log.path.with_name("notes.txt")
    notes.write_text("Nothing of this is torch's.\n", encoding="utf-8")
    text = log.another(notes)
    assert log.client.result("textDocument/documentSymbol", document(text)) is None
    assert log.client.result("textDocument/documentLink", document(text)) is None
    where = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}}
    actions = log.client.result("textDocument/codeAction", {**document(text), **where, "context": {"diagnostics": []}})
    assert actions == []
    error = log.client.error("workspace/executeCommand", {"command": "aotlens.decodeLog", "arguments": ["file:///no"]})
    assert "is no open text" in error["message"]


def test_a_client_with_files_alone_gets_a_file_and_flat_symbols() -> None:
    with serving() as client:
        uri = (PROJECT / "halves.log").as_uri()
        client.open(uri, (PROJECT / "halves.log").read_text(encoding="utf-8"))
        answer = client.result("workspace/executeCommand", {"command": "aotlens.decodeLog", "arguments": [uri]})
        assert Path(answer["uri"].removeprefix("file://")).read_text(encoding="utf-8") == answer["text"]
        symbols = client.result("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        assert {one["containerName"] for one in symbols if one["name"] == "joint graph 0"} == {"compile 0/0_1"}


def test_typing_in_a_long_log_does_not_wait_for_its_reading(log: Editor) -> None:
    long = log.path.with_name("long.log")
    long.write_text(log.text * 160, encoding="utf-8")
    editor = log.another(long)
    reading = log.client.request("textDocument/documentSymbol", document(editor))
    for _ in range(5):
        editor.insert(0, "x\n")
        assert log.hover(ADDMM).startswith("**argument**")
    assert not list(log.client.replies(reading)), "what was typed and asked elsewhere waited for the reading"
    log.client.reply(reading)
    assert len(log.client.result("textDocument/documentSymbol", document(editor))) == 320
