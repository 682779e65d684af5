"""The fix for parameters in no module: what it writes for each way to hold them."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from aotlens.features.fixes.register import register
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.findings import Finding, Subject
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.unregistered import Unregistered

PATH = "/net.py"


def fixed(statement: str, container: str | None, imported: str = "from torch import nn") -> str | None:
    """The assignment after the fix; None if there is no fix."""
    source = f"{imported}\nclass Net(nn.Module):\n    def __init__(self, n):\n        {statement}\n"
    document = Document("file:///net.py", PATH, 1, source)
    reason = Unregistered(
        "layers", "constructor", 2, ("self.a[0]",), "self.a", "list", container, Span(PATH, 4, 9, 4, 9 + len(statement))
    )
    finding = Finding("unregistered-parameter", PATH, 4, 18, (Subject("target", "Net"),), reason)
    map = DescriptorMap(Target(PATH, "Net", 2), "traced", "export", findings=(finding,))
    state = TargetState(TargetKey(PATH, "Net"), "traced", map, MappingProxyType({PATH: 1}))
    snapshot = Snapshot(MappingProxyType({PATH: document}), MappingProxyType({state.key: state}))
    actions = list(register(snapshot, document, Span(PATH, 4, 12)))
    if not actions:
        return None
    (action,) = actions
    assert (action.fixes, action.line, action.kind, action.preferred) == ("unregistered-parameter", 4, "quickfix", True)
    (edit,) = action.edits
    line = document.lines[3]
    assert edit.span.line == edit.span.end_line == 4
    assert edit.span.column is not None and edit.span.end_column is not None
    return (line[: edit.span.column - 1] + edit.text + line[edit.span.end_column - 1 :]).strip()


@pytest.mark.parametrize(
    ("statement", "container", "wanted"),
    [
        (
            "self.a = [nn.Linear(n, n) for _ in range(2)]",
            "ModuleList",
            "self.a = nn.ModuleList([nn.Linear(n, n) for _ in range(2)])",
        ),
        ("self.a = []", "ModuleList", "self.a = nn.ModuleList()"),
        ("self.a: list = [f(n)]", "ModuleList", "self.a: list = nn.ModuleList([f(n)])"),
        ('self.a = {"x": f(n)}', "ModuleDict", 'self.a = nn.ModuleDict({"x": f(n)})'),
        ("self.a = torch.randn(n)", "Parameter", "self.a = nn.Parameter(torch.randn(n))"),
        ("self.a = [[f(n)]]", None, None),
        ("self.b = [f(n)]", "ModuleList", None),
        ("self.a = self.b = [f(n)]", "ModuleList", None),
    ],
)
def test_the_attribute_becomes_a_container(statement: str, container: str | None, wanted: str | None) -> None:
    assert fixed(statement, container) == wanted


@pytest.mark.parametrize(
    ("imported", "wanted"),
    [
        ("import torch.nn as nn", "nn.ModuleList()"),
        ("from torch import Tensor, nn as layers", "layers.ModuleList()"),
        ("import torch", "torch.nn.ModuleList()"),
        ("import torch.nn", "torch.nn.ModuleList()"),
        ("import torch as th", "th.nn.ModuleList()"),
        ("from torch.nn import Linear", None),
    ],
)
def test_the_container_is_written_as_the_file_imports_it(imported: str, wanted: str | None) -> None:
    found = fixed("self.a = []", "ModuleList", imported)
    assert found == (f"self.a = {wanted}" if wanted is not None else None)
