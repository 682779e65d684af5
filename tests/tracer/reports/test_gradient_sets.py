"""The parameters that are said to get a gradient are those that get one in eager, on real tensors.

`make proofs` compares all reports, `make gradients` whole packages.
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
@pytest.mark.parametrize(
    ("step", "classes", "parameters"), [(5, 29, 102), pytest.param(1, 150, 483, marks=pytest.mark.proof)]
)
def test_gradients_of_the_reports(
    step: int,
    classes: int,
    parameters: int,
    report_file: Callable[[str], list[dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those of each file, or of every fifth."""
    found = Agreement()
    for path in sorted((CORPUS / "reports").glob("*.py"))[::step]:
        found.add(compare(report_file(path.stem), path.parent))
    _check(found, classes, parameters, capsys)


def _check(found: Agreement, classes: int, parameters: int, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{found.parameters} parameters of {found.classes} classes have eager's gradients")
    different = [line for line in found.differences if not line.startswith(DIFFERENT)]
    assert not different
    assert found.classes >= classes and found.parameters >= parameters
