"""Whatever the client edits, the server has the client's text, and all that it shows is in that text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsp.client import Client, Message, serving
from lsp.editor import Editor as Session
from lsp.editor import editing

EDITS = 50
EXAMPLES = 10

CHARACTERS = st.sampled_from('abx_ =("\t\n\n\r\f\v\x00\x1c\x1e\x85éß漢\u0301\u200b\u2028\u2029\ufeff😀𝔘\U0010ffff')
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.sampled_from(
        ["\r\n", "\r\n\r\n", "\r", "\n\r", "class M(nn.Module):\r\n    pass\r\n", "def f(x):\n    return x\n"]
    ),
)
# Where an edit starts and ends, as parts of the text; how far behind its line's end the client puts it; what comes.
CHANGES = st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.sampled_from([0, 0, 0, 1, 1000]), TEXTS)
BATCHES = st.lists(st.lists(CHANGES, min_size=1, max_size=3), min_size=EDITS, max_size=EDITS)

UNITS = {"utf-8": lambda text: len(text.encode("utf-8")), "utf-16": lambda text: len(text.encode("utf-16-le")) // 2}

versions = itertools.count(1)


class Editor:
    """A client's idea of a text: a string, and a look at each character for where lines end."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.units = UNITS[encoding]

    def spots(self) -> list[tuple[int, dict[str, int], bool]]:
        """Every place where a cursor can be: its offset, its position, and whether its line ends there."""
        found = []
        line, start, offset = 0, 0, 0
        while True:
            ends = offset == len(self.text) or self.text[offset] in "\r\n"
            position = {"line": line, "character": self.units(self.text[start:offset])}
            found.append((offset, position, ends))
            if offset == len(self.text):
                return found
            if ends:
                offset += 2 if self.text[offset : offset + 2] == "\r\n" else 1
                line, start = line + 1, offset
            else:
                offset += 1

    def edit(self, first: int, second: int, beyond: int, text: str) -> dict[str, Any]:
        """Replace a part of the text. Gives the change as LSP has it."""
        spots = self.spots()
        ends = sorted(spots[part * (len(spots) - 1) // 1000] for part in (first, second))
        places = []
        for _, position, is_line_end in ends:
            past = beyond if is_line_end else 0
            places.append({"line": position["line"], "character": position["character"] + past})
        if beyond == 1000 and ends[1][0] == len(self.text):
            places[1] = {"line": places[1]["line"] + beyond, "character": 0}
        self.text = self.text[: ends[0][0]] + text + self.text[ends[1][0] :]
        return {"range": {"start": places[0], "end": places[1]}, "text": text}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_server_has_the_clients_text(encoding: str) -> None:
    with serving(initialize=False) as client:
        answer = client.initialize([encoding, "utf-16"])
        assert answer["capabilities"]["positionEncoding"] == encoding
        random_edits(client, encoding)


def random_edits(client: Client, encoding: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TEXTS, BATCHES)
    def edits(text: str, batches: list[list[tuple[int, int, int, str]]]) -> None:
        uri = f"file:///random/m%C3%B6del%20{next(versions)}.py"
        editor = Editor(text, encoding)
        client.open(uri, text)
        for version, batch in enumerate(batches, 2):
            changes = [editor.edit(*change) for change in batch]
            document = {"uri": uri, "version": version}
            client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
            assert client.text(uri) == {"text": editor.text, "version": version}
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        assert client.text(uri) is None
        client.forget()

    edits()


MODEL = """\
import torch
from torch import nn


class Block(nn.Module):  # 𝔘😀
    def __init__(self, width):
        super().__init__()
        self.linear, self.name = nn.Linear(width, width), "𝔘é"; self.idle = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return "😀" and self.linear(x).relu()


# aotlens: Model()(torch.randn(2, 8))
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Block(8) for _ in range(3))
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x):
        self.steps.add_(1)
        for block in self.blocks:
            x = block(x)
        return {"out": x}

    def never_called(self):
        return "😀", self.get_parameter("blocks.0.linear.wieght")
"""
MODELS = [MODEL, MODEL.replace("\n", "\r\n"), MODEL.replace("\n", "\r"), MODEL.replace("    def", "    \f\n    def")]
SMALL = st.tuples(st.integers(0, 1000), st.sampled_from([0, 0, 1, 2, 8]), st.sampled_from([0, 0, 0, 1]), TEXTS)
# An edit that leaves most of the text in place, and where the cursor then is.
STEPS = st.lists(st.tuples(st.lists(SMALL, min_size=1, max_size=2), st.integers(0, 1000)), min_size=50, max_size=50)
NAME = re.compile(r"(?<=self\.)\w+|(?<=\bin )self|return|\bblock\b")
ASKED = ("hover", "definition", "codeLens", "diagnostic", "documentHighlight", "references", "codeAction", "inlayHint")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_all_that_is_shown_is_in_the_clients_text(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(MODEL, encoding="utf-8")
    capabilities = {
        "general": {"positionEncodings": [encoding]},
        "textDocument": {"diagnostic": {}, "definition": {"linkSupport": True}},
        "workspace": {"configuration": True, "diagnostics": {"refreshSupport": True}},
    }
    hints = {"saved": True, "shapes": True, "values": "all"}
    with editing(path, capabilities=capabilities, trace={"run": "manual"}, inlayHints=hints) as session:
        answered = dict.fromkeys(ASKED, 0)
        edits_and_questions(session, encoding, answered)
        # Not only empty answers were looked at.
        assert all(count > 25 for count in answered.values()), answered


def edits_and_questions(session: Session, encoding: str, answered: dict[str, int]) -> None:
    client, uri = session.client, session.uri
    version = itertools.count(2)

    def change(changes: list[dict[str, Any]]) -> None:
        document = {"uri": uri, "version": next(version)}
        client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(MODELS), STEPS)
    def steps(text: str, steps: list[tuple[list[tuple[int, int, int, str]], int]]) -> None:
        change([{"text": text}])
        arguments = [f"{session.path}::Model"]
        client.result("workspace/executeCommand", {"command": "aotlens.traceNow", "arguments": arguments})
        session.until_traced()
        editor = Editor(text, encoding)
        for batch, cursor in steps:
            change([editor.edit(start, min(start + width, 1000), beyond, new) for start, width, beyond, new in batch])
            places = editor.spots()
            spots = {(p["line"], p["character"]) for _, p, _ in places}
            names = [place for place in places if NAME.match(editor.text, place[0])]
            place = (names or places)[cursor * (len(names or places) - 1) // 1000][1]
            asked = {method: client.request(f"textDocument/{method}", params(method, uri, place)) for method in ASKED}
            for method, id in asked.items():
                result = client.reply(id)["result"]
                answered[method] += bool(result) and result != {"items": [], "kind": "full"}
                for shown in ranges(result, uri):
                    start, end = ((shown[at]["line"], shown[at]["character"]) for at in ("start", "end"))
                    assert start in spots, (method, result)
                    assert end in spots, (method, result)
                    assert start <= end, (method, result)
            assert client.text(uri)["text"] == editor.text
        client.forget()

    steps()


def params(method: str, uri: str, place: dict[str, int]) -> dict[str, Any]:
    """The params of a request, where the cursor is at a place."""
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 10_000, "character": 0}}
    where: dict[str, Any] = {"textDocument": {"uri": uri}}
    if method in ("hover", "definition", "documentHighlight", "references"):
        where["position"] = place
    if method in ("codeAction", "inlayHint"):
        where["range"] = everything
    if method in ("references", "codeAction"):
        where["context"] = {"includeDeclaration": True, "diagnostics": []}
    return where


def ranges(value: Message | list[Any] | Any, uri: str) -> Iterator[dict[str, Any]]:
    """Every range of a document in an answer."""
    if isinstance(value, list):
        for item in value:
            yield from ranges(item, uri)
        return
    if not isinstance(value, dict):
        return
    if value.keys() == {"start", "end"}:
        yield value
        return
    elsewhere = value.get("uri", uri) != uri
    target_elsewhere = value.get("targetUri", uri) != uri
    for key, item in value.items():
        if key == "position":
            yield {"start": item, "end": item}
        elif not elsewhere and not (target_elsewhere and key.startswith("target")):
            yield from ranges(item, uri)
