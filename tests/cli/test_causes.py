"""The exception that caused another one is shown with it: its words, its place, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.support import Commands, commands

LAZY = """
class Native:
    def __init__(self):
        raise RuntimeError("operator torchvision::nms does not exist")


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        Native()
    except RuntimeError as error:
        raise ModuleNotFoundError(f"Could not import module '{name}'. Are its requirements there?") from error
"""
IMPORTING = """
from lazy import LlamaConfig
from torch import nn


class Net(nn.Module):
    def forward(self, x):
        return x
"""
WRAPPING = """
import torch
from torch import nn


# aotlens: Net()(torch.randn(2, 5))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def step(self, x):
        return self.fc(x)

    def forward(self, x):
        try:
            return self.step(x)
        except RuntimeError as error:
            raise ValueError("the step failed") from error
"""
HANDLED = """
import torch
from torch import nn


# aotlens: Net()(torch.randn(2, 5))
class Net(nn.Module):
    def forward(self, x):
        try:
            return {}["missing"]
        except KeyError:
            raise ValueError("no such entry")
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Commands]:
    with commands() as running:
        yield running


def test_an_import_that_fails_for_another_reason(tmp_path: Path, shared: Commands) -> None:
    (tmp_path / "lazy.py").write_text(LAZY)
    (tmp_path / "model.py").write_text(IMPORTING)
    failure = shared.trace("model.py::Net", tmp_path).trace["failure"]
    assert failure["message"] == (
        "ModuleNotFoundError: Could not import module 'LlamaConfig'. Are its requirements there?\n"
        "caused by RuntimeError: operator torchvision::nms does not exist"
    )
    assert (failure["stage"], failure["path"], failure["line"]) == ("import", "lazy.py", 4)
    assert [(frame["path"], frame["line"]) for frame in failure["frames"]] == [
        ("model.py", 2),
        ("lazy.py", 11),
        ("lazy.py", 4),
    ]


def test_the_place_is_that_of_the_cause(tmp_path: Path, shared: Commands) -> None:
    (tmp_path / "model.py").write_text(WRAPPING)
    failure = shared.trace("model.py::Net", tmp_path).trace["failure"]
    first, second = failure["message"].splitlines()
    assert first == "ValueError: the step failed"
    assert second.startswith("caused by RuntimeError: a and b must have same reduction dim")
    assert [frame["line"] for frame in failure["frames"]] == [17, 13]


def test_an_exception_that_was_handled_is_no_cause(tmp_path: Path, shared: Commands) -> None:
    (tmp_path / "model.py").write_text(HANDLED)
    failure = shared.trace("model.py::Net", tmp_path).trace["failure"]
    assert failure["message"] == "ValueError: no such entry"
    assert failure["line"] == 12
