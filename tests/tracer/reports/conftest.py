"""Traces of the modules in `tests/corpus/reports`, each file once for all tests."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from support import CORPUS, trace_json

Report = Callable[[str, str], dict[str, Any]]
"""Returns the JSON of one traced class: `report("case05_checkpoint_reentrant_frozen", "Reentrant")`."""


@functools.cache
def _traces(file: str) -> dict[str, dict[str, Any]]:
    answer = trace_json(f"{file}.py", cwd=CORPUS / "reports")
    return {trace["target"]["qualname"]: trace for trace in answer["traces"]}


@pytest.fixture(scope="session")
def report() -> Report:
    return lambda file, qualname: _traces(file)[qualname]


@pytest.fixture(scope="session")
def report_file() -> Callable[[str], list[dict[str, Any]]]:
    """Return the traces of all classes of a file."""
    return lambda file: list(_traces(file).values())
