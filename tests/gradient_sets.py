"""Compares the parameters that aotlens says get a gradient with those that get one in eager, on real tensors."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import CORPUS

MOST = 400_000_000
"""The number of elements of all parameters of a module that is built for real."""


@dataclass
class Agreement:
    """The result of a comparison.

    `parameters` and `classes` were compared; `missing` of the parameters get no gradient. `differences` has a sentence
    for each parameter that differs, `left_out` a reason for each class that could not be compared.
    """

    classes: int = 0
    parameters: int = 0
    missing: int = 0
    differences: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, other: Agreement) -> None:
        """Add the result of another comparison."""
        self.classes += other.classes
        self.parameters += other.parameters
        self.missing += other.missing
        self.differences += other.differences
        self.left_out |= other.left_out


def said(trace: dict[str, Any]) -> dict[str, bool]:
    """Whether each parameter of a traced class gets a gradient, as aotlens says it."""
    (graph,) = trace["graphs"]
    missing = {
        subject["name"]
        for finding in trace["findings"]
        if finding["code"] == "parameter-without-gradient"
        for subject in finding["subjects"]
    }
    parameters: dict[str, bool] = {}
    for slot in graph["inputs"]:
        if (name := _parameter(slot)) is not None and slot["requires_grad"]:
            parameters[name] = parameters.get(name, True) and name not in missing
    return parameters


def _parameter(slot: dict[str, Any]) -> str | None:
    """The name of the parameter that an input is, or is a piece of; None for another input."""
    kind, fields = slot["kind"], slot["fields"]
    while "base" in fields and isinstance(fields["base"], dict):
        kind, fields = fields["base"]["kind"], fields["base"]["fields"]
    return fields.get("target") if kind == "ParamAOTInput" else None


def compare(traces: Iterable[dict[str, Any]], folder: Path) -> Agreement:
    """Compare the traced classes among some traces, whose paths are relative to a folder, with real tensors."""
    result = Agreement()
    asked = []
    for trace in traces:
        name = f"{trace['target']['path']}::{trace['target']['qualname']}"
        if trace["status"] != "traced":
            continue
        size = sum(math.prod(slot["shape"] or ()) for slot in trace["graphs"][0]["inputs"] if _parameter(slot))
        if trace["example"]["pin"] is None:
            result.left_out[name] = "no expression builds it"
        elif size > MOST:
            result.left_out[name] = "too large"
        elif trace["example"]["constructor"] is not None:
            asked.append((name, trace))
    questions = [
        {
            "path": str((folder / trace["target"]["path"]).absolute()),
            "name": name,
            "pin": trace["example"]["pin"],
            "mode": trace["example"]["mode"],
        }
        for name, trace in asked
    ]
    done = subprocess.run(
        [sys.executable, str(CORPUS / "truth" / "real_gradients.py")],
        input="".join(json.dumps(question) + "\n" for question in questions),
        capture_output=True,
        encoding="utf-8",
        timeout=1800,
        cwd=folder,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions), done.stderr[-2000:]
    for (name, trace), answer in zip(asked, answers, strict=True):
        if "left_out" in answer:
            result.left_out[name] = answer["left_out"]
            continue
        result.add(_compared(name, said(trace), answer))
    return result


def _compared(name: str, told: dict[str, bool], answer: dict[str, list[str]]) -> Agreement:
    result = Agreement(1, len(answer["with"]) + len(answer["without"]), len(answer["without"]))
    for parameter in answer["with"]:
        if not told.get(parameter):
            what = "none" if parameter in told else "nothing"
            result.differences.append(f"{name}: {parameter} gets a gradient, and aotlens says {what}")
    for parameter in answer["without"]:
        if told.get(parameter, True):
            what = "a gradient" if parameter in told else "nothing"
            result.differences.append(f"{name}: {parameter} gets no gradient, and aotlens says {what}")
    return result
