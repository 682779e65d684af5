"""The descriptors that aotlens prints are torch's own: compared, to the letter, with those that a plain script gets.

The script is tests/corpus/truth/plain.py; it shares no code with aotlens, and builds everything for real.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aotlens.explain.graph_text import graph_text
from aotlens.model.lines import Lines
from aotlens.model.nodes import Node
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.json_codec import from_json
from gradient_sets import said
from support import CORPUS, ROOT, trace_json

TRUTH = CORPUS / "truth"
PYTHONPATH = os.pathsep.join([str(ROOT / "server"), str(TRUTH)])

LEFT_OUT = TRUTH / "left_out.json"
"""Per release of torch: the samples that torch can capture neither way, and how many are compared at least.

Written anew by: AOTLENS_PIN_TRUTH=1 python -m pytest -m proof tests/tracer/test_truth.py -k module
"""

LEAST_PARAMETERS = 600
"""Parameters of torch's modules whose gradients are compared with those of eager."""

LEAST_OF_SAMPLE = (100, 120)
"""Classes and parameters that are compared where each module of torch has one sample."""


def plain(script: str, *arguments: str | Path) -> str:
    """The output of a script of the corpus."""
    command = [sys.executable, str(TRUTH / script), *map(str, arguments)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(TRUTH)}, capture_output=True, encoding="utf-8", timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def truth(file: Path, *options: str) -> dict[str, dict[str, Any]]:
    """The answers of plain torch for each pinned class of a file."""
    answers = [json.loads(line) for line in plain("plain.py", file, *options).splitlines()]
    return {answer.pop("name"): answer for answer in answers}


def traces(file: Path, *options: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """Torch's version, and what aotlens says of each class of a file."""
    answer = trace_json(file.name, *options, cwd=file.parent, timeout=900, PYTHONPATH=PYTHONPATH)
    return answer["torch"], {trace["target"]["qualname"]: trace for trace in answer["traces"]}


class Peaks(threading.Thread):
    """Watches the trace children of the command line that is run while this is entered.

    `resident` is the most that one of them ever had in memory, as the system counts it: with what it shares with the
    tracer it was forked from. `own` is the most seen of what it alone had.
    """

    resident = own = 0

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.2):
            for command_line in children(os.getpid()):
                for tracer in children(command_line):
                    for child in children(tracer):
                        self.resident = max(self.resident, memory(child, "status", "VmHWM:"))
                        self.own = max(self.own, memory(child, "smaps_rollup", "Private_Clean:", "Private_Dirty:"))

    def __enter__(self) -> Peaks:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def children(pid: int) -> list[int]:
    """The children of a process, whichever of its threads started them; none of one that is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def memory(pid: int, file: str, *fields: str) -> int:
    """The sum of some fields of a file of /proc, in bytes; 0 for a process that is gone."""
    try:
        lines = [line.split() for line in Path(f"/proc/{pid}/{file}").read_text().splitlines()]
    except OSError:
        return 0
    return sum(int(line[1]) * 1024 for line in lines if line[0] in fields)


def difference(trace: dict[str, Any], expected: dict[str, Any]) -> str | None:
    """How the descriptors of a trace differ from those expected: the first place, in words."""
    if trace["status"] != "traced":
        return f"not traced: {trace['failure']['message']}"
    for where in ("inputs", "outputs"):
        got = [[slot["descriptor"], slot["expression"]] for slot in trace["graphs"][0][where]]
        if got != expected[where]:
            pairs = zip(got, expected[where])
            index = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(got), len(expected[where])))
            return f"{where}[{index}]: {got[index : index + 1]} instead of {expected[where][index : index + 1]}"
    return None


def operations(shown: Iterable[dict[str, Any]]) -> list[list[Any]]:
    """Name, target, operands and direction of operations, as plain torch tells them; without constants."""
    return [
        [
            operation["name"],
            "<built-in function getitem>" if operation["op"] == "getitem" else operation["op"],
            operation["operands"],
            "is_backward" if operation["backward"] else "is_forward",
        ]
        for operation in shown
        if operation["op"] != "get_attr"
    ]


def reached_and_back(trace: dict[str, Any]) -> int:
    """How many operations have a line; each of them is found on it, and leads back to it from the graph's text."""
    map = from_json(DescriptorMap, trace)
    (graph,) = map.graphs
    lines, text = Lines(map.graphs), graph_text(map, "joint")
    placed = [operation for operation in graph.operations if operation.frame is not None]
    for operation in placed:
        innermost = graph.frames[operation.frame].span
        assert text.sources[text.definitions[Node(0, operation.name)]] == innermost
        for place in lines.places(graph, operation.frame).values():
            assert operation in lines.at(place.path, [place.line]).operations
        assert innermost in lines.places(graph, operation.frame).values()
    return len(placed)


def assert_gradients_are_eagers(
    found: dict[str, dict[str, Any]],
    expected: dict[str, dict[str, Any]],
    least: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The parameters that are said to get a gradient are those that get one from a call with real tensors."""
    counted = 0
    for name, trace in found.items():
        if expected[name]["with_gradient"] is None:
            continue
        told = said(trace)
        assert {parameter for parameter, has in told.items() if has} == set(expected[name]["with_gradient"]), name
        counted += len(told)
    assert counted >= least
    with capsys.disabled():
        print(f"the gradients of {counted} parameters are eager's")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("which", ["one-each", pytest.param("all", marks=pytest.mark.proof)])
def test_modules_of_torch(which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if importlib.util.find_spec("expecttest") is None:
        pytest.skip("torch's own tests need expecttest, which is not installed")
    files = [tmp_path / f"modules_{index}.py" for index in range(2)]
    plain("module_samples.py", which, *files)
    with ThreadPoolExecutor(min(len(files), os.cpu_count() or 1)) as pool:
        truths = pool.map(lambda file: truth(file, "--gradients"), files)
        expected = {name: answer for answers in truths for name, answer in answers.items()}
        answers = list(pool.map(traces, files))
    found = {name: trace for _, part in answers for name, trace in part.items()}
    release = answers[0][0].partition("+")[0]

    left_out = {name: answer["left_out"] for name, answer in sorted(expected.items()) if "left_out" in answer}
    compared = expected.keys() - left_out.keys()
    differences = {name: text for name in compared if (text := difference(found[name], expected[name]))}
    with capsys.disabled():
        print(f"\n{len(compared)} samples of torch's modules compared, {len(left_out)} left out, torch {release}")
    assert not differences

    least, parameters = LEAST_OF_SAMPLE if which == "one-each" else (0, LEAST_PARAMETERS)
    assert_gradients_are_eagers({name: found[name] for name in compared}, expected, parameters, capsys)
    assert len(compared) >= least

    pinned = json.loads(LEFT_OUT.read_text(encoding="utf-8"))
    if which == "all" and "AOTLENS_PIN_TRUTH" in os.environ:
        pinned[release] = {"least": len(compared), "left_out": left_out}
        LEFT_OUT.write_text(json.dumps(pinned, indent=2) + "\n", encoding="utf-8")
    if release not in pinned:
        pytest.skip(f"nothing is pinned for torch {release}; the {len(compared)} samples compared are the same")
    known = pinned[release]["left_out"]
    if which == "all":
        assert left_out == known
        assert len(compared) >= pinned[release]["least"]
    else:
        assert left_out == {name: known.get(name) for name in left_out}
        assert not known.keys() & compared


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "package", "name", "labels"),
    [
        ("llama.py", "transformers", "DecoderForCausalLM", ["output.loss", "output.logits"]),
        ("vit.py", "vit_pytorch", "Classifier", ["output"]),
        ("vit.py", "vit_pytorch", "Simple", ["output"]),
        ("resnet.py", "pytorchcv", "Network", ["output"]),
    ],
)
def test_models_of_packages(
    file: str, package: str, name: str, labels: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed (tests/requirements-without-dependencies.txt)")
    expected = truth(TRUTH / file, "--partition")[name]
    assert "left_out" not in expected, expected
    trace = traces(TRUTH / file)[1][name]
    assert difference(trace, expected) is None
    (graph,) = trace["graphs"]
    assert graph["capture"] == expected["capture"] == "dynamo"
    assert [slot["label"] for slot in graph["outputs"] if slot["kind"] == "PlainAOTOutput"] == labels

    saved = [[value["node"], value["bytes"]] for value in graph["saved"]]
    assert saved == expected["saved"]
    assert sum(value["bytes"] for value in graph["saved"] if value["alias_of"] is None) == expected["kept"]

    assert operations(graph["operations"]) == expected["operations"]
    outputs = [slot["node"] for slot in graph["outputs"]]
    both = graph["operations"] + graph["partition"]["operations"]
    for direction in ("forward", "backward"):
        assert operations(both[index] for index in graph["partition"][direction]) == expected[direction]
    readers = {value["node"]: [] for value in graph["saved"]}
    for index in graph["partition"]["backward"]:
        for operand in readers.keys() & both[index]["operands"]:
            readers[operand].append(both[index]["name"])
    assert {value["node"]: sorted(value["read_by"]) for value in graph["saved"] if value["read_by"]} == {
        name: sorted(found) for name, found in readers.items() if found
    }
    missing = {
        slot["label"] for slot in graph["inputs"] if (out := slot["gradient"]) is not None and outputs[out] is None
    }
    told = {finding["name"] for finding in trace["findings"] if finding["code"] == "parameter-without-gradient"}
    assert told <= missing

    placed = reached_and_back(trace)
    assert placed >= 0.95 * len(graph["operations"])
    assert not any("/torch/" in frame["span"]["path"] for frame in graph["frames"])
    owned = sum(operation["module"] is not None for operation in graph["operations"])
    forward = {operation["name"] for operation in graph["operations"] if not operation["backward"]}
    derived = [operation["forward"] for operation in graph["operations"] if operation["backward"]]
    assert forward.issuperset(filter(None, derived))
    with capsys.disabled():
        slots = len(graph["inputs"]) + len(graph["outputs"])
        print(f"\n{package}: {slots} descriptors and {len(saved)} saved values are the same")
        print(
            f"{package}: {len(graph['operations'])} operations are the same, {placed} of them have a line, {owned} a "
            f"module; of {len(derived)} backward ones {len(list(filter(None, derived)))} have their forward operation"
        )


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("llama.py", "transformers"),
        pytest.param("vit.py", "vit_pytorch", marks=pytest.mark.proof),
        pytest.param("resnet.py", "pytorchcv", marks=pytest.mark.proof),
    ],
)
def test_bytes_saved_by_each_choice(file: str, package: str, capsys: pytest.CaptureFixture[str]) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed (tests/requirements-without-dependencies.txt)")
    expected = truth(TRUTH / file, "--kept", "--gradients")
    _, answers = traces(TRUTH / file, "--partitioner", "eager", "--compare", "--timeout", "500")
    for name, trace in answers.items():
        (graph,) = trace["graphs"]
        told = [[row["partitioner"], row["memory_budget"], row["bytes"]] for row in graph["compared"]]
        assert told == expected[name]["kept_by_choice"]
        assert all(row["problem"] is None for row in graph["compared"])
        assert sum(value["bytes"] for value in graph["saved"]) == told[0][2]
        assert all(value["source"] is not None and value["read_by"] for value in graph["saved"])

        outputs = [slot["node"] for slot in graph["outputs"]]
        parameters = [slot for slot in graph["inputs"] if slot["kind"] == "ParamAOTInput"]
        has_gradient = {slot["label"] for slot in parameters if outputs[slot["gradient"]] is not None}
        assert has_gradient == set(expected[name]["with_gradient"]) and has_gradient
        assert not [finding for finding in trace["findings"] if finding.get("name") in has_gradient]
        with capsys.disabled():
            print(
                f"\n{package}: {name} keeps {told[0][2]:,} bytes in eager; the same is said of all {len(told)} choices"
            )


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak of a process from /proc")
@pytest.mark.parametrize(
    ("name", "elements", "least_saved"),
    [
        ("EightLayers", 8_946_589_696, 8),
        pytest.param("Llama70BForCausalLM", 70_553_706_496, 80, marks=pytest.mark.proof),
    ],
)
def test_llama_70b_in_less_than_a_gigabyte(
    name: str, elements: int, least_saved: int, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("transformers is not installed")
    with Peaks() as peaks:
        _, answers = traces(TRUTH / f"llama70b.py::{name}", "--timeout", "500")
    trace = answers[name]
    assert trace["status"] == "traced", trace["failure"]
    (graph,) = trace["graphs"]
    parameters = [slot for slot in graph["inputs"] if slot["kind"] == "ParamAOTInput"]
    assert sum(math.prod(slot["shape"]) for slot in parameters) == elements
    assert all(graph["outputs"][slot["gradient"]]["node"] for slot in parameters)
    assert len(graph["saved"]) > least_saved
    with capsys.disabled():
        print(
            f"\n{name} in {trace['seconds']['total']:.0f} s: the child's peak is {peaks.resident / 1e6:.0f} MB; "
            f"{peaks.own / 1e6:.0f} MB are its own, the rest it shares with the tracer"
        )
    assert 0 < peaks.resident < 1e9
