"""The file of a model whose call serves as an example: from its first line on it is found code, unless it was given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aotlens_tracer.examples import guards
from aotlens_tracer.steps.trace import trace
from aotlens_tracer.wire.protocol import Assembled, ExampleSource, Root, TraceParams

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the data pointer")

_PART = """\
import torch
from torch import nn


class Part(nn.Linear):
    pass
"""
_WHOLE = """\
import torch
from torch import nn
from found_part import Part
from aotlens_tracer.examples import guards

guards.before_found_code.append("imported")


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part(4, 4)

    def forward(self, x):
        return self.part(x)
"""


class _Noted(list[str]):
    """What comes one after the other: the fence is put on when this is called."""

    def __call__(self) -> None:
        self.append("fenced in")


@pytest.mark.parametrize(
    ("origin", "order"), [("inferred", ["fenced in", "imported"]), ("pinned", ["imported", "fenced in"])]
)
def test_it_is_fenced_in_before_it_is_imported_unless_it_was_given(
    origin: str, order: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "found_part.py").write_text(_PART, encoding="utf-8")
    (tmp_path / "found_whole.py").write_text(_WHOLE, encoding="utf-8")
    monkeypatch.setattr(guards, "before_found_code", noted := _Noted())
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    example = ExampleSource("Whole()(torch.randn(2, 4))", origin)
    root = Root(str(tmp_path / "found_whole.py"), "Whole", (example,))
    params = TraceParams(str(tmp_path / "found_part.py"), "Part", (ExampleSource("", "recorded", root=root),))
    parts = Assembled()
    try:
        last = trace(params, lambda event: parts.add(event["fields"]) if event["event"] == "map" else None)
    finally:
        for name in ("found_part", "found_whole"):
            sys.modules.pop(name, None)
    map = parts.add(last)
    assert map["status"] == "traced", map["failure"]
    assert map["example"]["recorded_in"].endswith("found_whole.py::Whole")
    assert list(dict.fromkeys(noted)) == order
