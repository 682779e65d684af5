"""The parameters that are said to get a gradient are those that get one in eager, on real tensors.

`make gradients` compares whole packages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gradient_sets import Agreement, compare
from support import CORPUS, trace_json

DIFFERENT = ("witness_more.py::Dropped: ",)
"""Modules whose gradients differ from call to call, which is said of them."""


@pytest.mark.slow
def test_gradients_of_the_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    folder = CORPUS / "verdicts"
    found = compare(trace_json("model.py", cwd=folder)["traces"], folder)
    _check(found, 67, 135, capsys)


@pytest.mark.slow
def test_gradients_of_the_reports(
    report_file: Callable[[str], list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = Agreement()
    for path in sorted((CORPUS / "reports").glob("*.py")):
        found.add(compare(report_file(path.stem), path.parent))
    _check(found, 150, 483, capsys)


def _check(found: Agreement, classes: int, parameters: int, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{found.parameters} parameters of {found.classes} classes have eager's gradients")
    different = [line for line in found.differences if not line.startswith(DIFFERENT)]
    assert not different
    assert found.classes >= classes and found.parameters >= parameters
