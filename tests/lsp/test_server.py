"""The whole server over the wire, on a real trace: answers in every state, and when things go wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp.editor import Editor, editing

DECODER = Path(__file__).parent.parent.parent / "docs" / "examples" / "decoder.py"


CUT = """\
import torch
from torch import nn


# aotlens: Cut()(torch.randn(2, 4))
class Cut(nn.Module):
    def __init__(self):
        super().__init__()
        self.v, self.w = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))
    def forward(self, x):
        return x + self.v.detach() * self.w
"""


@pytest.fixture(scope="module")
def decoder() -> Iterator[Editor]:
    """The decoder of the documentation, traced."""
    with editing(DECODER, inlayHints={"saved": True, "shapes": True}) as editor:
        editor.until_traced()
        yield editor


def test_lenses(decoder: Editor) -> None:
    assert decoder.lenses() == [
        "alone: 2 parameters (16.4K) · 4 inputs · saves 32.5 KiB · in Decoder (6 layers): saves 243.0 KiB",
        "alone: 11 parameters (49.8K) · 13 inputs · 1 gradient missing · saves 121.0 KiB"
        " · in Decoder (6 layers): saves 774.0 KiB",
        "69 parameters (362.9K) · 75 inputs · 6 gradients missing · saves 915.3 KiB",
    ]


def test_the_tooltip_of_a_lens_has_all_figures_and_the_example(decoder: Editor) -> None:
    attention, _, whole = decoder.tooltips()
    assert attention.splitlines() == [
        "alone: 4 inputs · 1 output · 3 gradients · 32.5 KiB saved for backward",
        "Attention(width=64, heads=4)(x: f32[2, 16, 64]) · recorded in Decoder: blocks.{0..5}.attn · train",
        "Click: show the map",
    ]
    assert whole.splitlines() == [
        "75 inputs · 3 outputs · 63 gradients, 6 missing · 1 mutation · 915.3 KiB saved for backward",
        "Decoder(vocab=1000, width=64, heads=4, layers=6)(ids: i64[2, 16], labels: i64[2, 16]) · pinned · train",
        "Click: show the map",
    ]


def test_hover(decoder: Editor) -> None:
    assert "\n\n**module** `blocks.{0..5}.attn.qkv` of `Decoder`" in decoder.hover("self.q|kv(x)")
    assert "forward never uses it" in decoder.hover("self.ga|te")
    assert "`primals_72`" in decoder.hover("def forward(self, i|ds, labels)")
    assert "tangents_2" in decoder.hover("ret|urn {")
    assert decoder.hover("import tor|ch\n") == ""


def test_definition_is_a_link_to_the_birthplace(decoder: Editor) -> None:
    (link,) = decoder.ask("definition", "self.q|kv(x)")
    line = decoder.text.splitlines()[link["targetRange"]["start"]["line"]]
    assert line.strip() == "self.qkv = nn.Linear(width, 3 * width, bias=False)"
    assert link["originSelectionRange"]["start"]["line"] == decoder.at("self.q|kv(x)")["position"]["line"]


def test_references_are_the_lines_that_read_it(decoder: Editor) -> None:
    found = decoder.ask("references", "self.q|kv = nn", context={"includeDeclaration": False})
    lines = decoder.text.splitlines()
    assert [lines[one["range"]["start"]["line"]].strip()[:17] for one in found] == ["q, k, v = self.qk"]


def test_highlights(decoder: Editor) -> None:
    assert [one["kind"] for one in decoder.ask("documentHighlight", "self.q|kv = nn")] == [3, 2]


def test_workspace_symbols(decoder: Editor) -> None:
    found = decoder.client.result("workspace/symbol", {"query": "attn.qkv"})
    assert [one["name"] for one in found] == [f"blocks.{index}.attn.qkv.weight" for index in range(6)]


def test_inlay_hints(decoder: Editor) -> None:
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    found = decoder.client.result("textDocument/inlayHint", {"textDocument": {"uri": decoder.uri}, "range": everything})
    labels = {one["label"] for one in found}
    assert {"weight f32[192, 64]", "saves 3.0 KiB"} <= labels


def test_diagnostics_and_their_suppression(decoder: Editor) -> None:
    found = {one["code"]: one for one in decoder.until_diagnosed("parameter-without-gradient")}
    assert set(found) == {"parameter-without-gradient", "buffer-mutation"}
    assert found["parameter-without-gradient"]["message"].startswith("blocks.{0..5}.gate of Decoder get no gradient")
    where = found["parameter-without-gradient"]["range"]
    actions = decoder.client.result(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": decoder.uri},
            "range": where,
            "context": {"diagnostics": [found["parameter-without-gradient"]]},
        },
    )
    suppress = next(one for one in actions if one["kind"] == "quickfix")
    (change,) = suppress["edit"]["documentChanges"]
    assert change["textDocument"]["version"] == 1
    assert change["edits"][0]["newText"] == "  # aotlens: ignore[parameter-without-gradient]"


def test_the_place_that_cuts_off_a_gradient_is_related(tmp_path: Path) -> None:
    path = tmp_path / "cut.py"
    path.write_text(CUT, encoding="utf-8")
    with editing(path) as editor:
        editor.until_traced()
        (found,) = (one for one in editor.until_diagnosed("parameter-without-gradient"))
    assert found["message"] == "v gets no gradient: cut off by `self.v.detach()` on line 11"
    assert found["range"]["start"]["line"] == 8
    (related,) = found["relatedInformation"]
    assert related["location"]["uri"] == path.as_uri()
    assert related["location"]["range"]["start"] == {"line": 10, "character": 19}


def test_the_map_as_a_document(decoder: Editor) -> None:
    arguments = [f"{DECODER}::Decoder"]
    shown = decoder.client.result("workspace/executeCommand", {"command": "aotlens.showMap", "arguments": arguments})
    assert shown["markdown"].startswith("# `decoder.py::Decoder`")
    assert decoder.client.of("window/showDocument")


def test_status_and_progress(decoder: Editor) -> None:
    states = [message["params"]["state"] for message in decoder.client.of("aotlens/status")]
    assert states[:4] == ["starting", "ready", "busy", "ready"]
    kinds = [message["params"]["value"]["kind"] for message in decoder.client.of("$/progress")]
    assert kinds[:1] in ([], ["begin"])
    assert kinds.count("begin") == kinds.count("end")


def test_an_edit_makes_stale_and_a_save_makes_fresh(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(DECODER.read_text(encoding="utf-8"), encoding="utf-8")
    with editing(path) as editor:
        editor.until_traced()
        editor.insert(0, "# é𝕏\n")
        assert any("stale" in one for one in editor.lenses())
        assert "*Stale" in editor.hover("self.q|kv(x)")
        (link,) = editor.ask("definition", "self.q|kv(x)")  # carried through the edit
        assert "nn.Linear(width, 3" in editor.text.splitlines()[link["targetRange"]["start"]["line"]]
        broken = editor.text.index("class Attention")
        editor.insert(editor.text[:broken].count("\n"), "def broken(:\n")
        editor.save()
        editor.until(lambda lenses: any("failed" in one for one in lenses))
        assert "`blocks.{0..5}.attn.qkv`" in editor.hover("self.q|kv(x)")  # the last good map stays
        editor.until_diagnosed("trace-failed")


def test_unsaved_text_is_what_gets_traced(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(DECODER.read_text(encoding="utf-8"), encoding="utf-8")
    with editing(path, trace={"run": "onType"}) as editor:
        editor.until_traced()
        line = editor.text[: editor.text.index("        self.head = ")].count("\n")
        editor.insert(line, "        self.extra = nn.Parameter(torch.zeros(5))\n")
        editor.until(lambda lenses: any("76 inputs" in one for one in lenses))
        assert "**parameter** `extra`" in editor.hover("self.ext|ra")
    assert "extra" not in path.read_text(encoding="utf-8")


def test_nothing_runs_before_the_workspace_is_trusted_and_then_the_servers_own_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    path, proof = tmp_path / "model.py", tmp_path / "it-ran"
    path.write_text(f"open({str(proof)!r}, 'w').close()\n" + DECODER.read_text(encoding="utf-8"), encoding="utf-8")
    with editing(path, trusted=False, interpreter="", fence={"enable": False}) as editor:
        assert any("not trusted" in one for one in editor.lenses())
        assert "not trusted" in editor.hover("self.q|kv(x)")
        editor.save()
        target = [f"{path}::Decoder"]
        editor.client.request("workspace/executeCommand", {"command": "aotlens.cancelTrace", "arguments": target})
        assert not editor.client.of("aotlens/status")
        assert not proof.exists()
        editor.client.notify("aotlens/didChangeTrust", {"trusted": True})
        editor.until_traced()
        assert proof.exists()
        status = editor.statuses()[-1]
        assert status["interpreter"] == sys.executable
        assert status["reason"] == "the interpreter that aotlens runs in, which has torch"


def test_plain_capabilities_are_enough() -> None:
    """A client that offers nothing: no refresh, no progress, no configuration, no links, plain text."""
    with editing(DECODER, capabilities={"textDocument": {"hover": {"contentFormat": ["plaintext"]}}}) as editor:
        editor.until_traced()
        assert "\n\nmodule blocks.{0..5}.attn.qkv of Decoder" in editor.hover("self.q|kv(x)")
        (location,) = editor.ask("definition", "self.q|kv(x)")
        assert location["uri"] == editor.uri
        methods = {message.get("method") for message in editor.client.messages}
        assert not methods & {
            "workspace/codeLens/refresh",
            "window/workDoneProgress/create",
            "workspace/configuration",
            "client/registerCapability",
        }


def test_a_module_that_ends_its_process_costs_one_trace(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    source = "import os\nimport torch\n\n# aotlens: Gone()(torch.ones(1))\nclass Gone(torch.nn.Module):\n"
    path.write_text(source + "    def forward(self, x):\n        os._exit(3)\n", encoding="utf-8")
    with editing(path) as editor:
        editor.until(lambda lenses: any("failed" in one for one in lenses))
        (found,) = editor.until_diagnosed("trace-failed")
        assert "os._exit(3)" in found["message"]
        assert found["range"]["start"]["line"] == 6
        assert editor.hover("class Go|ne")
