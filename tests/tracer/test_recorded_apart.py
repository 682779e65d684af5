"""Recorded values come from a second child that waits, where the first example is written down: it builds it itself."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aotlens.session.tracer.client import Launch, TracerClient
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.wire.protocol import Assembled, ExampleSource, TraceParams
from cli.support import children_of_tracer, wait_for

pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are looked up in /proc")

MODELS = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.fc = nn.Linear(width, 8)

    def forward(self, x):
        y = self.fc(x)
        return y.relu()


class Dropping(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 8)

    def forward(self, x):
        if self.training:
            return self.fc(x)[x.sum().item() > 0]
        z = self.fc(x)
        return z
"""
OF_A_RESOURCE = """\
import inspect
import socket
import time

from torch import nn

is_recording = any(frame.function == "record_first" for frame in inspect.stack(0))
if is_recording == {is_traced_first}:
    time.sleep(0.5)
HELD = socket.socket()
HELD.bind(("127.0.0.1", {port}))
HELD.listen()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 8)

    def forward(self, x):
        y = self.fc(x)
        time.sleep(0.2)
        return y
"""


class Tracer:
    """A tracer, by its protocol, whose two children wait before each request."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = TracerClient(Launch(sys.executable, folder, os.environ))
        self._loop.run_until_complete(self._client.start())

    def trace(
        self, path: Path, name: str, *examples: ExampleSource, is_warm: bool = True, network: bool = False
    ) -> dict[str, Any]:
        """The JSON of a map. If the tracer is to be warm, both children wait before the request."""
        if is_warm:
            assert wait_for(lambda: len(children_of_tracer(self._client)) == 2, 20)
        params = TraceParams(str(path), name, examples, stages=True, timeout=60, fence=Fence(network=network))
        assembled = Assembled()

        def on_event(message: dict[str, Any]) -> None:
            if message.get("event") == "map":
                assembled.add(message["fields"])

        answer = self._loop.run_until_complete(self._client.request("trace", params, on_event))
        return assembled.add(answer["result"])

    def close(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


@pytest.fixture(scope="module")
def tracer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracer]:
    tracer = Tracer(tmp_path_factory.mktemp("folder"))
    yield tracer
    tracer.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.py"
    path.write_text(MODELS, encoding="utf-8")
    return path


def _example(expression: str, path: Path, origin: str = "pinned") -> ExampleSource:
    return ExampleSource(expression, origin, str(path), 1)


def _values(map: dict[str, Any]) -> Any:
    return {name: value for name, value in map["values"].items() if name != "seconds"}


def _texts(map: dict[str, Any]) -> list[str]:
    return [str(value.get("shape")) for value in map["values"]["values"] if value["kind"] == "TensorValue"]


def test_the_values_are_those_that_the_tracing_child_would_send(tracer: Tracer, path: Path) -> None:
    example = _example("Net()(torch.randn(2, 4))", path)
    apart = tracer.trace(path, "Net", example)
    alone = tracer.trace(path, "Net", example, is_warm=False)  # at once: no two children wait yet
    assert apart["status"] == alone["status"] == "traced"
    assert _values(apart) == _values(alone)
    assert apart["values"]["dimensions"]


def test_the_values_of_an_example_that_is_passed_over_are_dropped(tracer: Tracer, path: Path) -> None:
    wrong, right = "Net(3)(torch.randn(2, 4))", "Net(5)(torch.randn(7, 5))"
    map = tracer.trace(path, "Net", _example(wrong, path.parent / "test.py", "call-site"), _example(right, path))
    assert map["status"] == "traced", map["failure"]
    assert map["example"]["expression"] == right
    assert "[7, 8]" in _texts(map) and not any(text.startswith("[2") for text in _texts(map))


def test_the_values_are_those_of_the_mode_that_works(tracer: Tracer, path: Path) -> None:
    map = tracer.trace(path, "Dropping", _example("Dropping()(torch.randn(2, 4))", path, "call-site"))
    assert map["status"] == "traced", map["failure"]
    (file,) = map["values"]["files"]
    lines = {record[0] for record in file["recorded"] if record[4] == "target"}
    assert (map["example"]["mode"] == "eval") == (23 in lines)


@pytest.mark.parametrize("is_traced_first", [False, True], ids=["recorded first", "traced first"])
def test_code_that_wants_a_resource_for_itself_is_traced(tracer: Tracer, tmp_path: Path, is_traced_first: bool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path / "resource.py"
    path.write_text(OF_A_RESOURCE.format(port=port, is_traced_first=is_traced_first), encoding="utf-8")
    example = _example("Net()(__import__('torch').randn(2, 4))", path)
    map = tracer.trace(path, "Net", example, network=True)
    assert map["status"] == "traced", map["failure"]
    assert "[2, 8]" in _texts(map)


def test_a_trace_that_fails_has_the_values_up_to_there(tracer: Tracer, path: Path) -> None:
    map = tracer.trace(path, "Net", _example("Net()(torch.randn(2, 5))", path))
    assert map["status"] == "failed"
    assert map["values"]["failed"]["line"] == 11
    assert "[2, 5]" in _texts(map)
