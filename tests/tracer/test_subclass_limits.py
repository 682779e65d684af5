"""Limits of torch's capture with tensor subclasses: said as that, with a way that works."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
import torch

from support import CORPUS, trace_json

FOLDER = CORPUS / "subclasses"
SOURCE = (FOLDER / "limits.py").read_text(encoding="utf-8")
HINTS = {
    "Views": "return a copy of one result (`.clone()`)",
    "Overlapping": "compute a new tensor in place of the change",
    "Transposed": "use the one that returns a new tensor, `x.t()`",
}
"""The end of the hint of each class that is not traced. `ViewsCopied` and so on follow it."""


@pytest.fixture(scope="module")
def traces() -> dict[str, Any]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("limits.py", cwd=FOLDER)["traces"]}


@pytest.mark.parametrize("name", HINTS)
def test_what_torch_does_not_take_has_a_hint_that_works(name: str, traces: dict[str, Any]) -> None:
    failure = traces[name]["failure"]
    assert failure["stage"] == "capture"
    assert "eager does" in failure["hint"]
    assert failure["hint"].endswith(HINTS[name])
    assert traces[f"{name}Copied"]["status"] == "traced"


def test_eager_does_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import limits as module  # type: ignore[import-not-found]  # a file of the corpus

    monkeypatch.delitem(sys.modules, "limits")
    for example, name in re.findall(r"^# aotlens: (.+)\nclass (\w+)", SOURCE, re.MULTILINE):
        result = eval(example, {**vars(module), "torch": torch})
        assert result is not None, name
