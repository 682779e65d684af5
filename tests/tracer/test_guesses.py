"""The guess for each class of two files of tests/corpus/inferred is the one in its docstring.

The search runs in this process, without any capture.
"""

from __future__ import annotations

import types
from pathlib import Path

import pytest
from torch import nn

from aotlens_tracer.examples.inferred import machine
from aotlens_tracer.examples.inferred.search import Search
from aotlens_tracer.examples.inferred.subclass_search import SubclassSearch
from aotlens_tracer.graph.birthplaces import Birthplaces
from aotlens_tracer.loading.importing import import_file
from support import CORPUS

PATHS = [CORPUS / "inferred" / name for name in ("guesses.py", "graphs.py")]
NAMES = [
    (path, line.partition("(")[0].removeprefix("class "))
    for path in PATHS
    for line in path.read_text(encoding="utf-8").split("\n")
    if line.startswith("class ") and "(nn.Module" in line
]


@pytest.fixture(scope="module")
def modules() -> dict[Path, types.ModuleType]:
    machine.prepare()
    return {path: import_file(str(path), ()) for path in PATHS}


@pytest.mark.parametrize(("path", "name"), NAMES, ids=[name for _, name in NAMES])
def test_the_guess_is_the_expected_one(modules: dict[Path, types.ModuleType], path: Path, name: str) -> None:
    cls: type[nn.Module] = getattr(modules[path], name)
    guess = SubclassSearch(cls, modules[path], Birthplaces(), None).run()
    assert guess.failure is None
    assert not guess.is_of_the_class
    assert cls.__doc__ is None or guess.expression == cls.__doc__


def test_a_class_that_runs_with_data_is_not_suspected(
    modules: dict[Path, types.ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    suspected: list[object] = []
    monkeypatch.setattr(Search, "_examine", lambda search, failed, usual, sizes: suspected.append(failed))
    module = modules[PATHS[0]]
    search = SubclassSearch(module.RunsWithDataAlone, module, Birthplaces(), None)
    search.run()
    assert suspected == []
    assert len(search.attempts) < 16
