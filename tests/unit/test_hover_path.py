"""A hover's way through the house, from the message on the wire to its answer, is short and straight."""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from aotlens.lsp.app import create_server
from aotlens.session.session import Session
from unit.features import world

HOUSE = Path(__file__).parent.parent.parent / "server" / "aotlens"
MOST_FOLDERS = 5


@functools.cache
def file_in_house(name: str) -> Path | None:
    path = Path(name)
    return path.relative_to(HOUSE) if path.is_relative_to(HOUSE) else None


class Wire:
    """The client's end: keeps the answers, and the folders of all call chains while it watches."""

    def __init__(self) -> None:
        self.answers: dict[Any, Any] = {}
        self.chains: set[tuple[str, ...]] = set()
        self.server = create_server()
        self.server.protocol.set_writer(self)

    def write(self, data: bytes) -> None:
        message = json.loads(data.partition(b"\r\n\r\n")[2])
        if "method" not in message:
            self.answers[message["id"]] = message

    def close(self) -> None:
        pass

    def send(self, method: str, params: Any, id: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id is None else {"id": id})
        self.server.protocol.receive(json.dumps(message).encode())

    def watched(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and file_in_house(frame.f_code.co_filename) is not None:
            self.chains.add(folders_down_to(frame))


def folders_down_to(frame: FrameType | None) -> tuple[str, ...]:
    """The folders that a call chain enters, from the wire down to a frame. Frames outside of the house do not count.

    A lambda or a generator that is handed down (`index.once(lambda: …)`) is read where it is written, so the chain
    goes on from there.
    """
    frames = []
    while frame is not None:
        if (file := file_in_house(frame.f_code.co_filename)) is not None:
            frames.append((file, frame.f_code.co_name))
        frame = frame.f_back
    files: list[Path] = []
    for file, function in reversed(frames):
        if function in ("<lambda>", "<genexpr>") and file in files:
            del files[files.index(file) :]
        files.append(file)
    return tuple(folder for folder, _ in groupby(file.parts[0] for file in files))


async def chains_of_hover(path: Path, line: int, column: int) -> tuple[set[tuple[str, ...]], Any]:
    wire = Wire()
    wire.send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1)
    await asyncio.sleep(0.1)
    wire.send("initialized", {})
    for document in world.world().documents.values():
        item = {"uri": document.uri, "languageId": "python", "version": 1, "text": document.text}
        wire.send("textDocument/didOpen", {"textDocument": item})
    params = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line - 1, "character": column - 1}}
    sys.setprofile(wire.watched)
    try:
        wire.send("textDocument/hover", params, 2)
    finally:
        sys.setprofile(None)
    for end in wire.server.cleanups:
        if (ending := end()) is not None:
            await ending
    return wire.chains, wire.answers[2].get("result")


@pytest.mark.parametrize(
    ("path", "marked", "shown"),
    [
        (world.DECODER, "self.$0blocks = ", "blocks"),
        (world.DECODER, "class $0Decoder", "Decoder"),
        (world.MODEL, "return self.$0out(x)", "out"),
    ],
)
def test_a_hover_visits_few_folders_and_none_twice(
    path: Path, marked: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.load_map.cache_clear()  # what earlier tests asked of these maps is remembered with them
    snapshot = world.world()
    monkeypatch.setattr(Session, "snapshot", lambda self: snapshot)
    line, column = world.find(world.document(path), marked)
    chains, answer = asyncio.run(chains_of_hover(path, line, column))
    assert shown in answer["contents"]["value"]
    assert {"lsp", "features", "explain"} <= {folder for chain in chains for folder in chain}
    assert [chain for chain in chains if len(set(chain)) < len(chain)] == []
    assert [chain for chain in chains if len(chain) > MOST_FOLDERS] == []
