"""Lens, hover, tree, graph document, report and JSON of a class have the same numbers, or name the model of each.

These are files of the corpus with classes in classes, and with kernels that differ; `make numbers` has them all.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from aotlens.explain.kernels import kernels_of_map
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from support import CORPUS
from tracer.numbers_shown import traced, wrong

FILES = ("operations/model.py", "scripts/nanogpt/model.py", "kernels/model.py")


@pytest.fixture(scope="module")
def maps() -> dict[str, list[DescriptorMap]]:
    paths = [CORPUS / file for file in FILES]
    with TracerProcess(sys.executable, str(CORPUS), False) as tracer:
        return dict(zip(FILES, traced(paths, tracer), strict=True))


@pytest.mark.parametrize("file", FILES)
def test_no_view_contradicts_another(maps: dict[str, list[DescriptorMap]], file: str) -> None:
    assert maps[file]
    assert list(wrong(maps[file])) == []


def test_a_contradiction_is_found(maps: dict[str, list[DescriptorMap]]) -> None:
    (model, *_) = [map for map in maps["operations/model.py"] if map.target.qualname == "Model"]
    others = [map for map in maps["operations/model.py"] if map is not model]
    (graph,) = model.graphs
    assert others and graph.saved
    without = replace(model, graphs=(replace(graph, saved=None, joint=True),))
    assert list(wrong([without, *others]))


def test_saved_bytes_say_for_which_kernels_they_are_right(maps: dict[str, list[DescriptorMap]]) -> None:
    said = {map.target.qualname: kernels_of_map(map) for map in maps["kernels/model.py"]}
    fused = "are attention weights, which fused attention on CUDA (flash, memory-efficient) would not keep."
    assert said["Dropped"] == [f"CPU kernels: 900 B {fused}"]
    assert said["Biased"] == [f"CPU kernels: 400 B {fused}"]
    assert said["Fused"] == []
    (recurrent,) = said["Recurrent"]
    assert "cuDNN on CUDA would keep other values; the workspace of the CPU's kernel is not counted" in recurrent
