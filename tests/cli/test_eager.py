"""The two training steps in eager: whatever they do, the map that was made before them is the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.support import Commands, assert_traced, commands, in_forward, write

IN_EAGER = "if not torch.compiler.is_compiling():\n            {}\n        return self.fc(x).relu()"
SLEEPS = "import time; time.sleep(60)"
SCRIPT = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        return self.norm(self.linear(x))


if __name__ == "__main__":
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        loss = net(torch.randn(4, 3)).pow(2).mean()
        loss.backward()
        optimizer.step()
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Commands]:
    with commands() as found:
        yield found


@pytest.mark.parametrize(
    ("does", "options", "why"),
    [
        ("import os; os._exit(3)", {}, "os._exit(3)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", {}, "SIGSEGV"),
        ("import sys; sys.exit(3)", {}, "sys.exit(3)"),
        (SLEEPS, {"timeout": 4.0}, "time limit of 4 s"),
    ],
)
def test_what_only_eager_does_costs_no_map(
    does: str, options: dict[str, Any], why: str, running: Commands, tmp_path: Path
) -> None:
    write(tmp_path, "model.py", in_forward(IN_EAGER.format(does)))
    outcome = running.trace("model.py::Block", tmp_path, **options)
    assert_traced(outcome)
    outputs = outcome.trace["graphs"][0]["outputs"]
    assert [slot["label"] for slot in outputs][1:3] == ["grad(fc.weight)", "grad(fc.bias)"]
    assert outcome.trace["graphs"][0]["saved"]
    assert why in outcome.trace["eager_run"]["problem"]
    assert f"not compared with eager: {outcome.trace['eager_run']['problem']}" in " ".join(outcome.text.split())


def test_without_the_comparison_no_step_is_made(running: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", in_forward(IN_EAGER.format(SLEEPS)))
    outcome = running.trace("model.py::Block", tmp_path, eager=False)
    assert_traced(outcome)
    assert outcome.trace["eager_run"] is None
    assert outcome.trace["seconds"]["eager"] == 0.0
    assert "eager" not in outcome.text


def test_the_cost_of_the_steps_is_said(running: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", in_forward("return self.fc(x).relu()"))
    outcome = running.trace("model.py::Block", tmp_path)
    seconds = outcome.trace["seconds"]
    assert 0 < seconds["eager"] < seconds["total"]
    assert f"s (eager {seconds['eager']:.2f}s)" in outcome.text
    assert [gradient["names"] for gradient in outcome.trace["eager_run"]["gradients"]] == [["fc.weight"], ["fc.bias"]]


def test_a_recorded_call_of_a_module_that_keeps_a_number_is_compared(running: Commands, tmp_path: Path) -> None:
    """A fake tensor of one element, such as the number of batches that a norm counts, has a value of its own."""
    write(tmp_path, "train.py", SCRIPT)
    outcome = running.trace("train.py::Net", tmp_path)
    assert_traced(outcome)
    assert outcome.trace["example"]["origin"] == "recorded"
    run = outcome.trace["eager_run"]
    assert run["problem"] is None
    assert ["norm.weight"] in [gradient["names"] for gradient in run["gradients"]]
    assert "data pointer" not in outcome.text
