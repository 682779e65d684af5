"""A value of a call that contains itself is named in the user's words, whatever it is made of."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aotlens.explain.failures import message
from aotlens_tracer.graph.endless import contained_in_itself
from aotlens_tracer.steps.trace import trace
from aotlens_tracer.wire.descriptor_map import Failure
from aotlens_tracer.wire.json_codec import from_json
from aotlens_tracer.wire.protocol import Assembled, ExampleSource, TraceParams

SOURCE = """
from dataclasses import dataclass

import torch
from torch import nn

LOOP = {"inside": []}
LOOP["inside"].append(LOOP)


@dataclass
class Answer:
    y: torch.Tensor
    me: object = None


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x, state=None, *, endless=False):
        answer = Answer(self.fc(x))
        answer.me = answer if endless else None
        return answer
"""


@dataclass
class Node:
    next: Any = None


def _in_a_dataclass() -> Any:
    node = Node()
    node.next = (1, node)
    return node


def _in_a_deque() -> Any:
    found: deque[Any] = deque([3])
    found.append(OrderedDict(all=found))
    return found


def _deep_and_shared() -> Any:
    shared: list[Any] = []
    for _ in range(5_000):
        shared = [shared, shared]
    return shared


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (_in_a_dataclass(), ("v", "v.next[1]")),
        ([1, {"n": _in_a_deque()}], ("v[1]['n']", "v[1]['n'][1]['all']")),
        (_deep_and_shared(), None),
        (Node, None),
    ],
)
def test_the_value_and_where_it_is_in_itself(value: Any, found: tuple[str, str] | None) -> None:
    assert contained_in_itself({"other": [], "v": value}) == found


@pytest.mark.parametrize("convention", ["export", "compile"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("state=LOOP", "the call is given a value that contains itself, and .*: `state['inside'][0]` is `state`"),
        ("endless=True", "the call returns a value that contains itself, and .*: `output.me` is `output`"),
    ],
)
def test_a_failed_trace_names_the_value(tmp_path: Path, convention: Any, given: str, said: str) -> None:
    file = tmp_path / "model.py"
    file.write_text(SOURCE, encoding="utf-8")
    source = ExampleSource(f"Net()(torch.randn(2, 4), {given})", "option")
    answer = trace(TraceParams(str(file), "Net", (source,), convention=convention), lambda event: None)
    failure = from_json(Failure, Assembled().add(answer)["failure"])
    beginning, end = said.split(".*")
    assert message(failure).startswith(beginning) and message(failure).endswith(end), message(failure)
