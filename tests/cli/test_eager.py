"""The two training steps in eager: whatever they do, the map that was made before them is the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.support import Commands, assert_traced, commands, in_forward, write

IN_EAGER = "if not torch.compiler.is_compiling():\n            {}\n        return self.fc(x).relu()"
SLEEPS = "import time; time.sleep(60)"


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
