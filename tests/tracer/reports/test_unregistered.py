"""Parameters in no module, of public reports: found at the line that makes them, and mended by the quick fix."""

from __future__ import annotations

import re
import types
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
import torch

from aotlens.features.fixes.register import register
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.findings import Finding
from aotlens_tracer.wire.json_codec import from_json
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.unregistered import Unregistered
from support import CORPUS

if TYPE_CHECKING:
    from .conftest import Report

CODE = "unregistered-parameter"
LISTS = "case22_hooks_layers"
MORE = "unregistered_more"
FOUND = {
    (LISTS, "LayerInForward"): {"proj = nn.Linear(self.n, self.n)": 2},
    (LISTS, "PlainList"): {"self.layers = [nn.Linear(n, n) for _ in range(2)]": 4},
    (MORE, "ListOfLists"): {"self.hids.append([nn.Linear(n, n), nn.ReLU()])": 4},
    (MORE, "Convolutions"): {"nn.Conv1d(n, 1, 3, padding=1),": 2, "nn.Conv1d(n, 1, 5, padding=2),": 2},
    (MORE, "AllInForward"): {
        "h = nn.Linear(self.n, 8)(x).clamp(min=0)": 2,
        "return nn.Linear(8, self.n)(h)": 2,
    },
    (MORE, "Cells"): {"self.cells.append(nn.GRUCell(n, n))": 8},
    (MORE, "Heads"): {'self.heads = {"age": nn.Linear(n, 1), "name": nn.Linear(n, n)}': 4},
    (MORE, "Closure"): {"layer = nn.Linear(n, n)": 2},
    (MORE, "Scales"): {"self.scales = [nn.Parameter(torch.ones(n)) for _ in range(3)]": 3},
    (MORE, "Scaled"): {"self.w = nn.Parameter(torch.randn(n)) * 0.1": 1},
    (MORE, "PlainTensor"): {"self.w = torch.randn(n, requires_grad=True)": 1},
    (MORE, "Copies"): {"self.copies = [copy.deepcopy(self.layer) for _ in range(2)]": 4},
    (MORE, "Helped"): {"self.gate = nn.Linear(n, n)": 2},
    (MORE, "Parts"): {"self.steps = [nn.Linear(n, n)]": 4},
    (MORE, "LowRank"): {"base, down, up = self.lin.forward, nn.Linear(n, 2), nn.Linear(2, n)": 4},
    (MORE, "Global"): {"shared = nn.Linear(4, 4)": 2},
}
"""The lines that make parameters in no module, each with their number."""
NOT_FOUND = ("GivenHidden", "FrozenConstant", "Registered", "Forces", "Functional", "GivenTensor")
MENDED = {
    (LISTS, "PlainList"): 6,
    (MORE, "Cells"): 8,
    (MORE, "Heads"): 6,
    (MORE, "Scales"): 3,
    (MORE, "PlainTensor"): 3,
    (MORE, "Copies"): 6,
}
"""What the quick fix mends on one line, with the number of the module's parameters after that."""


def findings(trace: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in trace["findings"] if finding["code"] == CODE]


def text_of(file: str) -> str:
    return (CORPUS / "reports" / f"{file}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(("file", "qualname"), FOUND, ids=lambda part: str(part))
def test_parameters_in_no_module_are_found_where_they_are_made(report: Report, file: str, qualname: str) -> None:
    lines = text_of(file).splitlines()
    found = findings(report(file, qualname))
    assert {lines[each["line"] - 1].strip(): each["reason"]["count"] for each in found} == FOUND[file, qualname]


@pytest.mark.parametrize("qualname", NOT_FOUND)
def test_what_a_module_is_given_is_no_finding(report: Report, qualname: str) -> None:
    trace = report(MORE, qualname)
    assert trace["status"] == "traced"
    assert trace["eager_run"]["problem"] is None
    assert findings(trace) == []


@pytest.mark.parametrize("qualname", ["Hooked", "GradHook", "Frozen", "EvalBackbone", "Compiled"])
def test_ordinary_modules_have_no_such_finding(report: Report, qualname: str) -> None:
    assert findings(report(LISTS, qualname)) == []


@pytest.mark.parametrize(("file", "qualname"), MENDED, ids=lambda part: str(part))
def test_the_quick_fix_registers_them(report: Report, file: str, qualname: str) -> None:
    (data,) = findings(report(file, qualname))
    path = str(Path(CORPUS) / "reports" / f"{file}.py")
    reason = from_json(Unregistered, data["reason"] | {"assigned": data["reason"]["assigned"] | {"path": path}})
    finding = Finding(CODE, path, data["line"], data["column"], reason=reason)
    document = Document(Path(path).as_uri(), path, 1, text_of(file))
    map = DescriptorMap(Target(path, qualname, 1), "traced", "export", findings=(finding,))
    state = TargetState(TargetKey(path, qualname), "traced", map, MappingProxyType({path: 1}))
    snapshot = Snapshot(MappingProxyType({path: document}), MappingProxyType({state.key: state}))
    (action,) = register(snapshot, document, Span(path, data["line"], 1))
    rows = text_of(file).splitlines()
    for edit in action.edits:
        assert edit.span.line == edit.span.end_line
        assert edit.span.column is not None and edit.span.end_column is not None
        row = rows[edit.span.line - 1]
        rows[edit.span.line - 1] = row[: edit.span.column - 1] + edit.text + row[edit.span.end_column - 1 :]
    module = types.ModuleType("mended")
    exec(compile("\n".join(rows), f"<{file}>", "exec"), vars(module))
    built = getattr(module, qualname)(4)
    assert len(list(built.parameters())) == MENDED[file, qualname]
    outputs = built(torch.randn(3, 4))
    assert re.search(r"nn\.\w+", action.title)
    assert outputs is not None
