"""Whose fault a failure is: no class that runs with some arguments is blamed, and one that never runs is.

The search runs in this process, without any capture.
"""

from __future__ import annotations

import functools
import sys
import traceback
import types
from pathlib import Path

import pytest

from aotlens_tracer.examples.inferred import machine
from aotlens_tracer.examples.inferred.guess import Guess
from aotlens_tracer.examples.inferred.subclass_search import SubclassSearch
from aotlens_tracer.failures import TraceError
from aotlens_tracer.graph.birthplaces import Birthplaces
from aotlens_tracer.loading.importing import import_file
from support import CORPUS

OF_THE_GUESS = (CORPUS / "fault" / "of_the_guess.py", *sorted((CORPUS / "seeded").glob("[!s]*.py")))
OF_THE_CLASS = CORPUS / "fault" / "of_the_class.py"


@functools.cache
def _module(path: Path) -> types.ModuleType:
    machine.prepare()
    return import_file(str(path), ())


def _classes(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return [
        line.partition("(")[0].removeprefix("class ") for line in lines if line.startswith("class ") and "(" in line
    ]


def _searched(path: Path, name: str) -> Guess | None:
    """The result of the search for an example of a class; None if nothing could be built."""
    module = _module(path)
    cls = getattr(module, name)
    try:
        return SubclassSearch(cls, module, Birthplaces(), None).run()
    except TraceError as error:
        assert not error.is_of_the_class
        return None


@pytest.mark.parametrize(
    ("path", "name"), [pytest.param(path, name, id=name) for path in OF_THE_GUESS for name in _classes(path)]
)
def test_a_class_that_runs_with_some_arguments_is_not_blamed(path: Path, name: str) -> None:
    guess = _searched(path, name)
    assert guess is None or not guess.is_of_the_class, guess


@pytest.mark.parametrize("name", _classes(OF_THE_CLASS))
def test_a_class_that_fails_whatever_it_is_given_is_blamed_at_its_line(name: str) -> None:
    guess = _searched(OF_THE_CLASS, name)
    assert guess is not None
    assert guess.is_of_the_class
    try:
        eval(guess.expression, {"torch": sys.modules["torch"], **vars(_module(OF_THE_CLASS))})
    except Exception as error:
        lines = [frame.line or "" for frame in traceback.extract_tb(error.__traceback__)]
        assert any(line.endswith("# fails") for line in lines), lines
    else:
        raise AssertionError(f"{guess.expression} runs")
