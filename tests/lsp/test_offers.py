"""Answers for clients that declare features beyond LSP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from lsp.editor import Editor, editing

DECODER = Path(__file__).parent.parent.parent / "docs" / "examples" / "decoder.py"
EVERYTHING = {"clipboard": True, "problems": True, "slots": True, "links": True}


@pytest.fixture(scope="module")
def decoder() -> Iterator[Editor]:
    """The decoder of the documentation, traced for a client that does everything."""
    with editing(DECODER, options=EVERYTHING) as editor:
        editor.until_traced()
        yield editor


def slots(editor: Editor, marked: str, **more: Any) -> Any:
    return editor.client.result("aotlens/slots", {**editor.at(marked), **more})


def test_slots_of_the_class_at_a_position(decoder: Editor) -> None:
    found = slots(decoder, "class Dec|oder")
    assert (found["target"], found["title"], found["state"]) == (f"{DECODER}::Decoder", "Decoder", "")
    groups = {group["kind"]: group for group in found["groups"]}
    assert list(groups) == [
        *("parameter", "buffer", "argument", "tangent"),
        *("output", "gradient", "mutation", "saved"),
    ]
    gate = next(row for row in groups["parameter"]["rows"] if row["label"] == "blocks.{0..5}.gate")
    assert gate["concern"] and gate["note"] == "×6, no gradient, not used"
    assert gate["labels"] == [f"blocks.{index}.gate" for index in range(6)]
    assert gate["members"][0]["descriptor"] == "ParamAOTInput(target='blocks.0.gate')"
    line = gate["location"]["range"]["start"]["line"]
    assert gate["location"]["uri"] == decoder.uri and "self.gate = " in decoder.text.splitlines()[line]


def test_slots_that_the_client_has_are_not_sent_again(decoder: Editor) -> None:
    found = slots(decoder, "class Dec|oder")
    again = slots(decoder, "self.emb|ed(ids)", known=found["mark"])
    assert again == {name: value for name, value in found.items() if name != "groups"}
    assert "groups" in slots(decoder, "class At|tention", known=found["mark"])


def test_the_client_is_told_that_slots_changed(decoder: Editor) -> None:
    assert decoder.client.of("aotlens/didChangeSlots")


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        {"textDocument": {"uri": 1}, "position": {"line": 0, "character": 0}},
        {"textDocument": {"uri": DECODER.as_uri()}},
        {"textDocument": {"uri": DECODER.as_uri()}, "position": {"line": -1, "character": 0}},
    ],
)
def test_slots_of_nonsense(decoder: Editor, params: Any) -> None:
    assert decoder.client.error("aotlens/slots", params)["code"] == -32602


def test_slots_of_a_document_that_is_not_open(decoder: Editor) -> None:
    where = {"textDocument": {"uri": "file:///not/open.py"}, "position": {"line": 0, "character": 0}}
    assert decoder.client.result("aotlens/slots", where) is None


def test_hovers_link_to_places_and_commands(decoder: Editor) -> None:
    text = decoder.hover("for block in self.blo|cks")
    assert "Show the map](command:aotlens.showMap?" in text
    text = decoder.hover("self.ste|ps += 1")
    line = (
        decoder.text.splitlines().index('        self.register_buffer("steps", torch.zeros((), dtype=torch.long))') + 1
    )
    assert f"made at [`decoder.py:{line}`]({decoder.uri}#L{line},9)" in text
    command, arguments = text.rpartition("(command:")[2].removesuffix(")").split("?")
    assert (command, json.loads(unquote(arguments))) == ("aotlens.copyExpression", [f"{DECODER}::Decoder", ["steps"]])


def test_the_map_for_a_client_that_opens_it_itself(decoder: Editor) -> None:
    before = len(decoder.client.of("window/showDocument"))
    shown = decoder.client.result("aotlens/map", {"target": f"{DECODER}::Decoder"})
    assert shown["markdown"].startswith("# `decoder.py::Decoder`")
    assert len(decoder.client.of("window/showDocument")) == before
    for nonsense in (None, {}, {"target": 1}, {"target": f"{DECODER}::Nothing"}):
        assert decoder.client.error("aotlens/map", nonsense)["code"] == -32602


def test_a_client_that_shows_problems_gets_no_message(tmp_path: Path) -> None:
    with editing(DECODER, options=EVERYTHING, interpreter=str(tmp_path / "none")) as editor:
        editor.until(lambda lenses: any("failed" in one for one in lenses))
        assert [status["problem"] for status in editor.statuses()] == ["no-interpreter"]
        assert not editor.popped_up()


def test_clients_that_offer_nothing_get_none_of_it(tmp_path: Path) -> None:
    with editing(DECODER) as editor:
        editor.until_traced()
        assert not editor.client.of("aotlens/didChangeSlots")
        assert "](" not in editor.hover("self.ste|ps += 1")


def test_the_interpreter_that_is_selected_in_the_editor(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(DECODER.read_text(encoding="utf-8"), encoding="utf-8")
    gone = {"path": str(tmp_path / "gone"), "reason": "selected in a test"}
    selected = {tmp_path.as_uri(): gone}
    with editing(path, options={"interpreters": selected}, interpreter=None) as editor:
        editor.until(lambda lenses: any("failed" in one for one in lenses))
        assert "gone" in editor.statuses()[-1]["message"] and editor.popped_up()
        here = {"path": sys.executable, "reason": "selected in a test"}
        editor.client.notify("aotlens/didChangeInterpreters", {"interpreters": {tmp_path.as_uri(): here}})
        editor.until_traced()
        status = editor.statuses()[-1]
        assert (status["interpreter"], status["reason"]) == (sys.executable, "selected in a test")
        known = len(editor.statuses())
        editor.client.notify("aotlens/didChangeInterpreters", {"interpreters": {tmp_path.as_uri(): here}})
        editor.hover("self.q|kv(x)")
        assert len(editor.statuses()) == known  # nothing has changed
