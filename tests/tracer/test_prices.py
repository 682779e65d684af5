"""The price of an output is what disappears when it is detached: each is detached for real, and the rest compared."""

from __future__ import annotations

import functools
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support import CORPUS, trace_json

_PIN = re.compile(r"^# aotlens: \w+(\(.*)\n(?:[#@].*\n)*class (\w+)", re.MULTILINE)
_DETACHED = """

# aotlens: {name}{call}
class {name}({base}):
    def forward(self, *args, **kwargs):
        leaves, spec = pytree.tree_flatten(super().forward(*args, **kwargs))
        leaves[{number}] = leaves[{number}].detach()
        return pytree.tree_unflatten(leaves, spec)
"""
# Views, and copies for the sake of strides: these depend on how what is left happens to lie in memory.
_NO_WORK = ("aten.detach", "aten.view", "aten.clone", "aten._unsafe_view")
_OTHER_FORMULAS = ("Solved",)

FILES = (
    "prices/model.py",
    "prices/losses.py",
    "reports/case16_tied_ema_gan.py",
    "reports/case17_price.py",
    "descriptors/zoo.py",
)
Graphs = dict[str, dict[str, Any]]


@functools.cache
def graphs(file: str, partitioner: str) -> Graphs:
    return traced(CORPUS / file, partitioner)


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def traced(file: Path, partitioner: str) -> Graphs:
    """The graph of each class of a file that has one."""
    found = trace_json(file.name, "--no-eager", "--partitioner", partitioner, cwd=file.parent)["traces"]
    return {trace["target"]["qualname"]: trace["graphs"][0] for trace in found if len(trace["graphs"]) == 1}


def detached(file: str, whole: Graphs, partitioner: str, folder: Path) -> list[tuple[str, dict[str, Any], Any]]:
    """The class and price of each output that the code returns, and the graph of the same class without that output."""
    text = (CORPUS / file).read_text(encoding="utf-8")
    calls = {name: call for call, name in _PIN.findall(text)}
    more, found = "import torch.utils._pytree as pytree\n", []
    for base, graph in whole.items():
        for price in graph["prices"]:
            number = leaf(graph["outputs"][price["output"]])
            if number is not None and base in calls:
                name = f"{base}Without{number}"
                more += _DETACHED.format(name=name, base=base, call=calls[base], number=number)
                found.append((base, price, name))
    (folder / "detached.py").write_text(text.replace("# aotlens:", "#") + "\n\n" + more, encoding="utf-8")
    rest = traced(folder / "detached.py", partitioner)
    return [(base, price, rest[name]) for base, price, name in found]


def leaf(output: dict[str, Any]) -> int | None:
    """The number of a returned tensor, whole or in pieces; None for the new value of an input."""
    kind, fields = output["kind"], output["fields"]
    while kind.startswith("Subclass"):
        kind, fields = fields["base"]["kind"], fields["base"]["fields"]
    return fields["idx"] if kind == "PlainAOTOutput" else None


def operations(graph: dict[str, Any]) -> list[dict[str, Any]]:
    """The backward graph without what is made of constants, such as zeros in place of a gradient that is gone."""
    if graph["partition"] is None:
        return []
    both = graph["operations"] + graph["partition"]["operations"]
    constants: set[str] = set()
    found = []
    for operation in (both[index] for index in graph["partition"]["backward"]):
        if set(operation["operands"]) <= constants:
            constants.add(operation["name"])
        else:
            found.append(operation)
    return found


def kinds(shown: list[dict[str, Any]]) -> Counter[str]:
    return Counter(operation["op"] for operation in shown if not operation["op"].startswith(_NO_WORK))


def saved(graph: dict[str, Any]) -> int:
    return sum(value["bytes"] or 0 for value in graph["saved"] or () if value["alias_of"] is None)


def lost(graph: dict[str, Any], rest: dict[str, Any]) -> list[int]:
    """The outputs for gradients that the rest does not have."""
    before, after = (
        [out["index"] if out["node"] else None for out in each["outputs"] if out["gradient_of"] is not None]
        for each in (graph, rest)
    )
    return [was for was, now in zip(before, after, strict=True) if was is not None and now is None]


def test_what_goes_with_an_output(file: str, tmp_path: Path) -> None:
    whole = graphs(file, "default")
    found = detached(file, whole, "default", tmp_path)
    assert found
    for name, price, rest in found:
        graph = whole[name]
        said = f"{name}, {price['label']}"
        assert price["output"] == graph["inputs"][price["tangent"]]["tangent_of"]
        gone = [operation for operation in operations(graph) if operation["name"] in price["operations"]]
        if name not in _OTHER_FORMULAS:
            assert kinds(operations(graph)) - kinds(gone) == kinds(operations(rest)), said
        assert price["bytes"] == saved(graph) - saved(rest), said
        if rest["joint"]:  # otherwise nothing that is returned needs a gradient any more
            assert price["gradients"] == lost(graph, rest), said


@pytest.mark.parametrize("file", FILES[:4])
def test_gradients_that_exist_because_of_one_output_do_not_depend_on_the_partitioner(file: str) -> None:
    default, min_cut = graphs(file, "default"), graphs(file, "min-cut")
    for name, graph in default.items():
        assert [(price["output"], price["gradients"]) for price in graph["prices"]] == [
            (price["output"], price["gradients"]) for price in min_cut[name]["prices"]
        ], name


def test_a_tensor_subclass_has_one_price() -> None:
    prices = graphs("prices/losses.py", "default")["Halves"]["prices"]
    assert [(price["label"], price["output"], price["pieces"]) for price in prices] == [
        ("output[0]", 0, [0, 1]),
        ("output[1]", 2, [2, 3]),
        ("output[2]", 4, [4, 5]),
    ]
    assert all(price["operations"] for price in prices)
