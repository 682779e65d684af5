"""The words for a training step that fails in eager."""

from __future__ import annotations

import pytest

from aotlens.explain.findings.words import message
from aotlens_tracer.wire.findings import Finding, InEager, Subject
from aotlens_tracer.wire.problems import Raised

TWICE = Raised("RuntimeError", "Trying to backward through the graph a second time")
SAID = f"RuntimeError: {TWICE.text}"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (InEager(1, "forward", TWICE), f"in eager, the call fails: {SAID}"),
        (InEager(2, "backward", TWICE), f"in eager, the backward pass of the second training step fails: {SAID}"),
        (
            InEager(1, "backward", TWICE, in_turn=True),
            f"the backward pass of `loss` fails after what the iteration does before it: {SAID}",
        ),
        (
            InEager(2, "backward", TWICE, in_turn=True),
            f"in eager, the backward pass of the second iteration fails: {SAID}",
        ),
        (
            InEager(2, "backward", TWICE, in_turn=True, handed_on=("h",)),
            "the backward pass of the second iteration fails, because `h` has the graph of the first: "
            f"detach it before the next iteration\n{SAID}",
        ),
        (
            InEager(2, "backward", TWICE, in_turn=True, handed_on=("h", "self.c")),
            "the backward pass of the second iteration fails, because `h` and `self.c` have the graph of the first: "
            f"detach them before the next iteration\n{SAID}",
        ),
    ],
)
def test_a_step_that_fails_says_when_and_why(reason: InEager, words: str) -> None:
    subjects = (Subject("target", "fit@loss#2"),)
    assert message(Finding("eager-step-failed", "m.py", 3, subjects=subjects, reason=reason)) == words
