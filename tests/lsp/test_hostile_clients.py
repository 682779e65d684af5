"""Clients that send anything: each request is answered exactly once, without an error inside, and the server stays."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aotlens.lsp.commands.handlers import HANDLERS
from aotlens.lsp.connection import Unframer, frame
from aotlens.lsp.methods import METHODS
from lsp.client import Client
from lsp.editor import PATIENCE, Editor, editing

INTERNAL_ERROR = -32603
LONG = bool(os.environ.get("AOTLENS_LONG"))
"""Whether to look for longer, and at other messages each time."""
EXAMPLES = 1_000 if LONG else 150
MODEL = """from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return self.fc(x)
"""


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor with a file that is not traced."""
    path = tmp_path_factory.mktemp("hostile") / "model.py"
    path.write_text(MODEL, encoding="utf-8")
    with editing(path, trusted=False) as editor:
        yield editor


def settle(client: Client) -> None:
    """Wait for all replies. Each request has exactly one, none is an error inside the server; all is forgotten then."""
    client.result("aotlens/debugText", {"textDocument": {"uri": "file:///nothing.py"}})
    for id in client._sent:
        client.reply(id)
    for message in client.messages:
        assert message.get("error", {}).get("code") != INTERNAL_ERROR, message
    client.messages[:] = [one for one in client.messages if one.get("method") != "window/showMessage"]
    client.check(expect_errors=True)
    client._sent.clear()
    client.messages.clear()


# Bytes.


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=80) | st.binary(max_size=80).map(frame), max_size=6), st.integers(1, 40))
@example([b"Content-Length: 5\r\n\r\n{}", b"Content-Length: 2\r\n\r\n{}"], 1)
@example([b"Content-Length: 0\r\n\r\n", b"\r\n\r\n"], 3)
def test_messages_do_not_depend_on_how_bytes_arrive(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    whole = list(Unframer().feed(data))
    unframer = Unframer()
    pieces = [body for at in range(0, len(data), size) for body in unframer.feed(data[at : at + size])]
    assert pieces == whole


BODIES = [
    {"jsonrpc": "2.0", "id": "a", "method": "textDocument/hover", "params": {"textDocument": {"uri": "file:///x.py"}}},
    {"jsonrpc": "2.0", "method": "textDocument/didClose", "params": {"textDocument": {"uri": "file:///x.py"}}},
    {"jsonrpc": "2.0", "id": "b", "result": None},
    [{"jsonrpc": "2.0", "id": "c", "method": "x"}],
]


def test_bodies_that_were_damaged(editor: Editor) -> None:
    """Each gets one reply at most, and the next request is answered."""
    chance = random.Random(7)
    client = editor.client
    for _ in range(300):
        body = bytearray(json.dumps(chance.choice(BODIES)).encode())
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 3)] = chance.choice(
                [b"", b"\xff", b"\0", b'"', b"{", b"9" * 400, b"\\ud800"]
            )
        before = len([one for one in client.messages if "method" not in one])
        client.send_body(bytes(body))
        client.result("aotlens/debugText", {"textDocument": {"uri": "file:///nothing.py"}})
        assert len([one for one in client.messages if "method" not in one]) - before <= 2, body
    settle(client)


# Messages.

URIS = [
    "",
    "x",
    "file:",
    "file:///",
    "untitled:U",
    "file:///a%00b.py",
    "file://host/x.py",
    "aotlens:/x",
    "\ud800",
    "file:///\ud800.py",
]
NUMBERS = st.sampled_from([0, 1, 7, 8, -1, 1 << 31, 1 << 64, 10**400 // 7**100, 1.5, True])
LEAVES = (
    st.none()
    | NUMBERS
    | st.sampled_from(["", "Net", "self.fc", "\ud800", "\x00", "😀" * 9, "%s{}"])
    | st.sampled_from(URIS)
)
JUNK = st.recursive(
    LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=4), one, max_size=3), max_leaves=6
)
POSITION = st.fixed_dictionaries({"line": NUMBERS, "character": NUMBERS})
RANGE = st.fixed_dictionaries({"start": POSITION, "end": POSITION})
NOTIFICATIONS = [
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "textDocument/didSave",
    "workspace/didChangeConfiguration",
    "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders",
    "window/workDoneProgress/cancel",
    "$/cancelRequest",
    "$/setTrace",
    "aotlens/didChangeInterpreters",
    "aotlens/didChangeCursor",
]
REQUESTS = [*METHODS, "initialize", "workspace/executeCommand", "aotlens/debugText"]


def params_for(uri: str) -> st.SearchStrategy[Any]:
    """Params with the fields that methods read, each right, or junk, or missing."""
    document = st.fixed_dictionaries(
        {"uri": st.just(uri) | st.sampled_from(URIS)},
        optional={"version": LEAVES, "text": st.just(MODEL) | LEAVES, "languageId": st.just("python") | LEAVES},
    )
    change = st.fixed_dictionaries(
        {"text": st.sampled_from(["", "\r", "\ud800", "x\n"])}, optional={"range": RANGE | JUNK}
    )
    right = {
        "textDocument": document,
        "position": POSITION,
        "range": RANGE,
        "context": st.sampled_from([{"diagnostics": []}, {"includeDeclaration": True}]),
        "contentChanges": st.lists(change, max_size=3),
        "command": st.sampled_from(list(HANDLERS)),
        "arguments": st.lists(JUNK, max_size=3),
        "query": LEAVES,
        "changes": st.lists(st.fixed_dictionaries({"uri": st.just(uri) | LEAVES, "type": NUMBERS}), max_size=2),
        "settings": JUNK,
        "interpreters": JUNK,
        "uri": st.sampled_from(URIS),
        "id": LEAVES,
        "token": LEAVES,
    }
    return JUNK | st.fixed_dictionaries({}, optional={name: one | one | one | JUNK for name, one in right.items()})


def test_messages_of_any_content(editor: Editor) -> None:
    client = editor.client

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not LONG)
    @given(
        st.lists(
            st.tuples(st.sampled_from(REQUESTS) | st.sampled_from(NOTIFICATIONS), params_for(editor.uri)), max_size=8
        )
    )
    def messages(sent: list[tuple[str, Any]]) -> None:
        for method, params in sent:
            if method in REQUESTS:
                client.request(method, params)
            else:
                client.notify(method, params)
        settle(client)

    messages()


def test_ten_thousand_requests_of_which_many_are_cancelled(editor: Editor) -> None:
    chance = random.Random(3)
    client = editor.client
    client.open(editor.uri, MODEL)
    assert "Net" in editor.hover("class N|et")
    methods = ["hover", "definition", "references", "documentSymbol", "codeLens", "inlayHint", "documentHighlight"]
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 10, "character": 0}}
    for _ in range(20):
        ids = []
        for _ in range(500):
            place = {"line": chance.randrange(12), "character": chance.randrange(30)}
            document = {"uri": editor.uri}
            params = {
                "textDocument": document,
                "position": place,
                "range": whole,
                "context": {"includeDeclaration": True},
            }
            ids.append(client.request(f"textDocument/{chance.choice(methods)}", params))
            if chance.random() < 0.4:
                client.notify("$/cancelRequest", {"id": chance.choice(ids)})
        settle(client)


def test_two_hundred_documents_at_once(editor: Editor) -> None:
    client = editor.client
    uris = [f"{editor.uri[: -len('.py')]}_{number}.py" for number in range(200)]
    start = time.monotonic()
    for uri in uris:
        client.open(uri, MODEL)
    lenses = [client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) for uri in uris]
    assert all(len(client.reply(id)["result"]) == 1 for id in lenses)
    for uri in uris:
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert client.text(uris[0]) is None
    assert time.monotonic() - start < 20
    settle(client)


def test_a_document_that_is_too_large(editor: Editor, tmp_path: Path) -> None:
    """It is not read, and a hover says so; as soon as it is smaller it is read like any other."""
    uri = (tmp_path / "large.py").as_uri()
    client = editor.client
    at = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 6}}
    client.open(uri, "x = f(1)\n  " * 4_500_000)
    found = client.result("textDocument/hover", at)["contents"]["value"]
    assert found.startswith("*aotlens does not read this file, because it has more than 1,400,000 characters or")
    assert client.result("textDocument/codeLens", {"textDocument": {"uri": uri}}) == []
    document = {"uri": uri, "version": 2}
    client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": MODEL}]})
    assert "Net" in client.result("textDocument/hover", at)["contents"]["value"]
    assert len(client.result("textDocument/codeLens", {"textDocument": {"uri": uri}})) == 1
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    settle(client)


# Requests to a workspace with maps.

PARAMS = st.fixed_dictionaries(
    {"position": POSITION, "range": RANGE, "context": st.just({"diagnostics": [], "includeDeclaration": True})},
    optional={"arguments": st.lists(JUNK, max_size=2), "command": st.sampled_from(sorted(HANDLERS)), "query": LEAVES},
)
EDITS = ["x", "\n", "(", "# aotlens: Net(4)(torch.randn(2, 4))\n", "        y = self.fc(x)\n", ""]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor with a traced file."""
    path = tmp_path_factory.mktemp("traced") / "model.py"
    pinned = MODEL.replace("class Net", "# aotlens: Net(4)(torch.randn(2, 4))\nclass Net")
    path.write_text(f"import torch\n{pinned}", encoding="utf-8")
    with editing(path) as editor:
        editor.until_traced()
        yield editor


def test_any_content_where_there_are_maps(traced: Editor) -> None:
    client = traced.client
    target = f"{traced.path}::Net"

    @settings(max_examples=EXAMPLES // 3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not LONG)
    @given(st.lists(st.tuples(st.sampled_from(sorted({*METHODS, "workspace/executeCommand"})), PARAMS), max_size=8))
    def messages(sent: list[tuple[str, Any]]) -> None:
        for method, params in sent:
            arguments = [target, *params.get("arguments", ())]
            client.request(method, {**params, "textDocument": {"uri": traced.uri}, "arguments": arguments})
        settle(client)

    messages()
    traced.until_traced()


def test_requests_edits_and_cancellations_where_there_are_maps(traced: Editor) -> None:
    """Whatever is sent in whatever order: one reply for each request, and the maps are right again at the end."""
    chance = random.Random(11)
    client = traced.client
    before = traced.text
    methods = sorted(method for method in METHODS if method.startswith("textDocument/"))
    for _ in range(5):
        ids = []
        for _ in range(60):
            lines = traced.text.count("\n") + 1
            place = {"line": chance.randrange(lines + 1), "character": chance.randrange(30)}
            params = {
                "textDocument": {"uri": traced.uri},
                "position": place,
                "range": {"start": {"line": 0, "character": 0}, "end": place},
                "context": {"includeDeclaration": True, "diagnostics": []},
            }
            ids.append(client.request(chance.choice([*methods, "aotlens/slots"]), params))
            if chance.random() < 0.3:
                client.notify("$/cancelRequest", {"id": chance.choice(ids)})
            if chance.random() < 0.1:
                traced.insert(chance.randrange(lines), chance.choice(EDITS))
            if chance.random() < 0.02:
                traced.save()
        settle(client)
    change = {"contentChanges": [{"text": before}]}
    traced.version += 1
    client.notify("textDocument/didChange", {"textDocument": {"uri": traced.uri, "version": traced.version}, **change})
    traced.text = before
    traced.save()
    end = time.monotonic() + PATIENCE
    while "`weight`" not in (found := traced.hover("self.f|c = ")) or "Stale" in found:
        assert time.monotonic() < end, found
        time.sleep(0.1)
    settle(client)
