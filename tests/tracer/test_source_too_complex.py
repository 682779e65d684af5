"""A source that is too complex for Python's parser is not said to need more memory."""

from __future__ import annotations

import ast

import pytest

from aotlens_tracer.failures.codebase import Codebase
from aotlens_tracer.failures.exceptions import failure_of
from aotlens_tracer.wire.problems import NoMemory


def test_a_full_stack_of_the_parser_is_an_error_and_no_lack_of_memory() -> None:
    with pytest.raises(MemoryError) as raised:
        ast.parse("x = " + "-" * 20_000 + "1")
    failure = failure_of(raised.value, "import", Codebase("/home/ada/model.py"))
    assert failure.reason == "error"
    assert isinstance(failure.problem, NoMemory) and "too complex to parse" in failure.problem.text
    assert failure.advice is None
