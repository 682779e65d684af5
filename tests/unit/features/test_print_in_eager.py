"""The fix for a graph break at a `print`: what it writes, and where it stays silent."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from aotlens.features.diagnostics import diagnostics
from aotlens.features.fixes.print_in_eager import print_in_eager
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, GraphBreak, Target
from aotlens_tracer.wire.findings import Broken, Finding, Subject
from aotlens_tracer.wire.places import Span

PATH = "/net.py"
HEAD = "import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):"
GUARD = "if not torch.compiler.is_compiling():"
PAGE = "https://meta-pytorch.github.io/compile-graph-break-site/gb/gb0059.html"
CASES = [
    ('print("a", x.shape)', f'{GUARD}\n            print("a", x.shape)'),
    ("print(x)  # the shape", f"{GUARD}\n            print(x)  # the shape"),
    ("print(\n            x,\n        )", f"{GUARD}\n            print(\n                x,\n            )"),
    ("print(x); x = x + 1", None),
    ("y = print(x)", None),
    ("x.item()", None),
    ("if x.shape: print(x)", None),
    ('print("""a\nb""")', None),
]


def _world(source: str) -> tuple[Snapshot, Document]:
    document = Document(f"file://{PATH}", PATH, 1, source)
    broken = Broken(GraphBreak("Failed to trace builtin operator", PATH, 4, link=PAGE))
    finding = Finding("graph-break", PATH, 4, subjects=(Subject("target", "Net"),), reason=broken)
    described = DescriptorMap(Target(PATH, "Net", 2), "traced", "export", findings=(finding,))
    state = TargetState(TargetKey(PATH, "Net"), "traced", described, MappingProxyType({PATH: 1}))
    snapshot = Snapshot(MappingProxyType({PATH: document}), MappingProxyType({state.key: state}))
    return snapshot, document


@pytest.mark.parametrize(("statement", "written"), CASES)
def test_a_print_moves_under_a_condition(statement: str, written: str | None) -> None:
    source = f"{HEAD}\n        {statement}\n        return x\n"
    snapshot, document = _world(source)
    actions = list(print_in_eager(snapshot, document, Span(PATH, 4)))
    if written is None:
        assert actions == []
        return
    (action,) = actions
    (edit,) = action.edits
    expected = f"{HEAD}\n        {written}\n        return x\n"
    lines = source.split("\n")
    last = edit.span.end_line or 4
    before, after = lines[3][: (edit.span.column or 1) - 1], lines[last - 1][(edit.span.end_column or 1) - 1 :]
    assert "\n".join([*lines[:3], before + edit.text + after, *lines[last:]]) == expected
    compile(expected, PATH, "exec")


def test_nothing_is_offered_without_the_name_of_torch() -> None:
    snapshot, document = _world(
        "from torch import nn\nclass Net(nn.Module):\n    def forward(self, x):\n        print(x)\n"
    )
    assert list(print_in_eager(snapshot, document, Span(PATH, 4))) == []


def test_a_graph_break_has_torchs_page_about_it() -> None:
    snapshot, document = _world(f"{HEAD}\n        print(x)\n        return x\n")
    (found,) = (item for item in diagnostics(snapshot, document) if item.code == "graph-break")
    assert found.link == PAGE
