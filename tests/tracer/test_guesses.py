"""The guess for each class of tests/corpus/inferred/guesses.py is the one in its docstring.

The search runs in this process, without any capture.
"""

from __future__ import annotations

import types

import pytest
from torch import nn

from aotlens_tracer.examples.inferred import machine
from aotlens_tracer.examples.inferred.subclass_search import SubclassSearch
from aotlens_tracer.graph.birthplaces import Birthplaces
from aotlens_tracer.loading.importing import import_file
from support import CORPUS

PATH = CORPUS / "inferred" / "guesses.py"
NAMES = [
    line.partition("(")[0].removeprefix("class ")
    for line in PATH.read_text(encoding="utf-8").split("\n")
    if line.startswith("class ") and "(nn.Module" in line
]


@pytest.fixture(scope="module")
def module() -> types.ModuleType:
    machine.prepare()
    return import_file(str(PATH), ())


@pytest.mark.parametrize("name", NAMES)
def test_the_guess_is_the_expected_one(module: types.ModuleType, name: str) -> None:
    cls: type[nn.Module] = getattr(module, name)
    guess = SubclassSearch(cls, module, Birthplaces(), None).run()
    assert guess.failure is None
    assert not guess.is_of_the_class
    assert cls.__doc__ is None or guess.expression == cls.__doc__
