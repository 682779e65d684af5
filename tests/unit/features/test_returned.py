"""Fixes for returned expressions: what a detached output costs the parameters."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from aotlens.features.fixes.returned import rewrite_returned
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Example, Span, Target
from unit.explain.maps import two_outputs

PATH = "/net.py"
TEXT = """\
class Net(nn.Module):
    def forward(self, x):
        h = self.trunk(x)
        return self.head(h), h.exp()
"""


@pytest.mark.parametrize("in_pieces", [False, True])
def test_detach_names_each_parameter_that_loses_its_gradient_once(in_pieces: bool) -> None:
    document = Document("file:///net.py", PATH, 1, TEXT)
    graph = two_outputs(in_pieces)
    map = DescriptorMap(Target(PATH, "Net", 1), "traced", "export", Example("option"), (graph,))
    state = TargetState(TargetKey(PATH, "Net"), "traced", map, MappingProxyType({PATH: 1}))
    snapshot = Snapshot(MappingProxyType({PATH: document}), MappingProxyType({state.key: state}))
    titles = [action.title for action in rewrite_returned(snapshot, document, Span(PATH, 4, 16))]
    assert titles == ["Detach output[0]: 3 backward operations go, and head gets no gradient"]
