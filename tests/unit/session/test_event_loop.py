"""The session touches no file on the thread of its event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aotlens.model.snapshot import TargetKey
from aotlens.session.progress import Progress
from aotlens.session.session import Session
from aotlens.session.settings import Settings
from aotlens.session.tracer.status import TracerStatus
from aotlens.text.documents import Documents
from aotlens.text.edits import Edit
from aotlens.text.uris import uri_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.failures import stated
from aotlens_tracer.wire.json_codec import to_json
from unit.session.stand_ins import READY, stand_in

MODEL = """\
from torch import nn

class Block(nn.Module):
    def forward(self, x):
        return x

class Net(nn.Module):
    def __init__(self):
        self.block = Block()

    def forward(self, x):
        return self.block(x)
"""
PROJECT = """\
[tool.aotlens.examples]
"model.py::Net" = "Net()(torch.randn(2))"
"""
ANSWERS = """\
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "trace":
        number = message["id"]
        print(json.dumps({{"id": number, "event": "stage", "stage": "example"}}), flush=True)
        part = {{"stage": "joint", "fields": {{"target": {target}}}}}
        print(json.dumps({{"id": number, "event": "map", **part}}), flush=True)
        print(json.dumps({{"id": number, "result": {result}, "output": "printed"}}), flush=True)
"""


@dataclass
class Access:
    """The place and the thread in which a file or folder was looked at."""

    what: str
    path: str
    thread: int


_accesses: list[Access] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook cannot be removed: it records only while there is a list."""
    if _accesses is not None and event in ("open", "os.listdir", "os.scandir"):
        _accesses.append(Access(event, str(arguments[0]), threading.get_ident()))


sys.addaudithook(_hook)


@pytest.fixture
def accesses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Access]]:
    global _accesses
    _accesses = recorded = []
    original = os.stat

    def stat(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        recorded.append(Access("os.stat", str(path), threading.get_ident()))
        return original(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", stat)
    yield recorded
    _accesses = None


@dataclass
class Silent:
    """A client that shows nothing."""

    statuses: list[TracerStatus] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    def states_changed(self, keys: Iterable[TargetKey]) -> None: ...

    def text_changed(self) -> None: ...

    def status_changed(self, status: TracerStatus) -> None:
        self.statuses.append(status)

    def log(self, level: str, message: str) -> None:
        self.logged.append(message)

    def progress(self, title: str, cancel: Callable[[], None]) -> Progress:
        raise AssertionError(f"{title} takes long")


def failing_tracer(model: Path) -> str:
    """A script that answers as a tracer does: every trace fails."""
    target = Target(str(model), "Net", 7)
    failed = DescriptorMap(target, "failed", "export", failure=stated("example", "error", "it fails", str(model)))
    return READY + ANSWERS.format(target=repr(to_json(target)), result=repr(to_json(failed)))


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands for an interpreter")
def test_no_file_is_looked_at_on_the_event_loop(tmp_path: Path, accesses: list[Access]) -> None:
    model = tmp_path / "model.py"
    model.write_text(MODEL)
    other = tmp_path / "other.py"
    other.write_text("from model import Block\nBlock()(1)\n")
    project = tmp_path / "pyproject.toml"
    project.write_text(PROJECT)
    interpreter = stand_in(tmp_path, failing_tracer(model))
    client, documents = Silent(), Documents()
    block, net = TargetKey(str(model), "Block"), TargetKey(str(model), "Net")

    async def run() -> None:
        session = Session(client, documents, os.environ)

        async def until_traced(times: int) -> None:
            """The traces so far have come to an end, and there were so many."""
            for _ in range(1000):
                states = session.snapshot().states.values()
                ended = sum("failed at example" in line for line in client.logged)
                if ended >= times and {state.status for state in states} == {"failed"}:
                    return
                await asyncio.sleep(0.01)
            raise AssertionError(client.logged)

        session.change_folders([tmp_path])
        session.configure(Settings(interpreter=str(interpreter)))
        session.trusted_folders.state(True)
        session.opened(documents.open(uri_of(str(model)), 1, MODEL))
        session.begin()
        await until_traced(2)
        (pin,) = session.snapshot().states[net].examples
        assert (pin.path, pin.line) == (str(project), 2)
        session.changed(documents.change(uri_of(str(model)), 2, [Edit(1, 1, 1, 1, "# edited\n")]))
        session.saved(str(model))
        await until_traced(4)
        session.files_changed([str(other), str(project)])
        session.trace_now([block])
        await until_traced(5)
        documents.close(uri_of(str(model)))
        session.closed(str(model))
        session.trace_now([net])  # the text of a file that is not open is read from disk
        await until_traced(6)
        await session.restart()
        await session.close_tracers()

    accesses.clear()
    asyncio.run(run())
    assert [line for line in client.logged if "Error" in line] == []
    seen = [access for access in accesses if access.path.startswith(str(tmp_path))]
    assert {"open", "os.stat", "os.scandir"} <= {access.what for access in seen}
    assert [access for access in seen if access.thread == threading.get_ident()] == []
