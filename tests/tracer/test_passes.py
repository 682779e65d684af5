"""Graph passes: what we say that the functions of `fx_utils` return is what torch's functions return.

Compared for both conventions, on modules that between them show every descriptor (corpus/descriptors) and on gradients
in pieces (corpus/pieces). The script that asks torch is tests/corpus/passes/results.py; it shares no code with aotlens.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from aotlens.model.descriptor_nesting import illegal_nesting
from aotlens.model.descriptors import STAGES
from aotlens.model.fx_utils import FX_FUNCTIONS, FxFunction, Raised, found_by
from aotlens.session.examples.candidates import File, candidates
from aotlens.session.examples.pinned import definition_lines
from aotlens.session.files import read_python
from aotlens.session.tracer.process import TracerProcess
from aotlens.syntax.definitions import definitions
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph
from aotlens_tracer.wire.protocol import TraceParams
from support import CORPUS, ROOT

FILES = (CORPUS / "descriptors/zoo.py", CORPUS / "pieces/model.py")
CONVENTIONS = ("export", "compile")
REFUSED = {("compile", "ReshapedView")}
"""Modules that torch.compile itself refuses: its guards fail on a view that is reshaped in place."""


@functools.cache
def truth() -> dict[str, dict[str, Any]]:
    """Torch's results for each class, by convention."""
    found = {}
    for file in FILES:
        done = subprocess.run(
            [sys.executable, str(CORPUS / "passes/results.py"), str(file)],
            env={**os.environ, "PYTHONPATH": str(CORPUS / "truth")},
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        found |= {answer.pop("name"): answer for answer in answers}
    return found


@functools.cache
def maps() -> dict[tuple[str, str], DescriptorMap]:
    """Our maps of the same classes, by convention and class."""
    found = {}
    with TracerProcess(sys.executable, str(ROOT)) as tracer:
        for file in FILES:
            known = definitions(read_python(str(file)))
            for name in [definition.qualname for definition in known if definition.pins]:
                for convention in CONVENTIONS:
                    examples = candidates(File(file, known), name)
                    lines = definition_lines(name, known)
                    params = TraceParams(
                        str(file), name, examples, convention=convention, definition_lines=lines, eager=False
                    )
                    found[convention, name] = tracer.trace(params).map
    return found


def results(graph: Graph) -> dict[str, Any]:
    return {name: result(function, graph) for name, function in FX_FUNCTIONS.items()}


def result(function: FxFunction, graph: Graph) -> Any:
    """Our result in the form of the script."""
    found = found_by(function, graph)
    if isinstance(found, Raised):
        return found.error
    rows = []
    for each in found:
        row: list[Any] = [each.slot.node]
        if function.partner is not None:
            row.append(each.partner.node if each.partner is not None else None)
        if function.keys is not None:
            row.insert(0, each.descriptor.descriptor if function.keys == "descriptors" else each.slot.label)
        rows.append(row)
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_functions_return_what_torch_says(convention: str) -> None:
    different, compared = {}, 0
    for name, answer in truth().items():
        if (convention, name) in REFUSED:
            assert answer[convention] is None
            continue
        map = maps()[convention, name]
        if answer[convention] is None or map.status != "traced":
            print(name, map.failure)
            continue
        ours = [results(graph) for graph in map.graphs]
        compared += len(ours)
        if ours != answer[convention]:
            different[name] = (ours, answer[convention])
    assert different == {}
    assert compared >= len(truth()) - 1


@pytest.mark.slow
def test_all_functions_of_torch_are_known() -> None:
    (first, *_) = (answer["export"][0] for answer in truth().values() if answer["export"])
    assert set(first) == set(FX_FUNCTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_nesting_that_torch_makes_is_legal(convention: str) -> None:
    seen = set()
    for (of, name), map in maps().items():
        if of != convention:
            continue
        for graph in map.graphs:
            for slot in (*graph.inputs, *graph.outputs):
                descriptor = slot.as_descriptor()
                if descriptor is not None:
                    assert illegal_nesting(descriptor) is None, (name, descriptor)
                    seen.add(descriptor.kind)
    state = {"ParamAOTInput", "BufferAOTInput"}
    assert state <= seen if convention == "export" else not state & seen
    assert len(seen) > len(STAGES) // 2


@pytest.mark.slow
def test_the_example_of_the_documentation_runs() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/examples/passes.py")],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "without gradient: blocks.0.gate (primals_2) blocks.1.gate (primals_13)",
        "buffers: steps",
        "gradients: 24",
        "plain inputs: 26 of them with a gradient: 23",
        "parameters: 0",
        "first used: primals_1",
    ]
