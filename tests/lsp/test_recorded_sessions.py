"""What real editors sent in a session, sent again: each request has one reply, no error, and nothing is left."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lsp.client import serving

RECORDED = Path(__file__).parent / "recorded"
CANCELLED = -32800


def replayed(recording: Path, folder: Path) -> list[dict[str, Any]]:
    """The messages of a recording, for a workspace in a folder."""
    lines = recording.read_text(encoding="utf-8").replace("{folder}", str(folder)).splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("recording", sorted(RECORDED.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_session_of_an_editor(recording: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(RECORDED / "project", folder)
    messages = [each for each in replayed(recording, folder) if each["method"] not in ("shutdown", "exit")]
    opened: dict[str, None] = {}
    with serving(initialize=False) as client:
        client._next = 10_000  # the ids below are the editor's
        cancelled = set()
        for message in messages:
            method, params = message["method"], message.get("params")
            if method == "$/cancelRequest":
                cancelled.add(params["id"])
            if method == "textDocument/didOpen":
                opened[params["textDocument"]["uri"]] = None
            if "id" not in message:
                client.notify(method, params)
                continue
            client.request(method, params, message["id"])
            if method == "initialize":
                client.reply(message["id"])
        for id in client._sent:
            error = client.reply(id).get("error")
            assert error is None or (error["code"] == CANCELLED and id in cancelled), error
        assert len(opened) > 1 and all(client.text(uri) is None for uri in opened)
        asked = {message["method"] for message in messages if "id" in message}
        assert {"textDocument/hover", "textDocument/definition", "textDocument/codeLens"} <= asked
