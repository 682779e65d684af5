"""The words for a training step that fails in eager."""

from __future__ import annotations

import pytest

from aotlens.explain.findings.words import message, severity
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
            InEager(1, "backward", TWICE, in_turn="freed"),
            "the backward pass of `loss` fails, because one before it in the iteration has freed a graph that both "
            "need: detach what they share where it needs no gradient, or run one backward pass for the sum of "
            f"the losses\n{SAID}",
        ),
        (
            InEager(1, "backward", TWICE, in_turn="not-scalar"),
            f"the backward pass of `loss` fails, because it is no scalar: take its mean or sum\n{SAID}",
        ),
        (
            InEager(1, "backward", TWICE, in_turn="overwritten"),
            f"the backward pass of `loss` fails after what the iteration does before it: {SAID}",
        ),
        (
            InEager(2, "backward", TWICE, in_turn="freed"),
            f"in eager, the backward pass of the second iteration fails: {SAID}",
        ),
        (
            InEager(2, "backward", TWICE, in_turn="freed", handed_on=("h",)),
            "the backward pass of the second iteration fails, because `h` has the graph of the first: "
            f"detach it before the next iteration\n{SAID}",
        ),
        (
            InEager(2, "backward", TWICE, in_turn="freed", handed_on=("h", "self.c")),
            "the backward pass of the second iteration fails, because `h` and `self.c` have the graph of the first: "
            f"detach them before the next iteration\n{SAID}",
        ),
    ],
)
def test_a_step_that_fails_says_when_and_why(reason: InEager, words: str) -> None:
    subjects = (Subject("target", "fit@loss#2"),)
    finding = Finding("eager-step-failed", "m.py", 3, subjects=subjects, reason=reason)
    assert message(finding) == words
    assert severity(finding) == ("warning" if reason.in_turn is None else "error")
