"""The collective operations of a graph are those that torch's CommDebugMode counts in eager, with the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support import CORPUS, trace_json

FOLDER, SHARDED = CORPUS / "collectives", CORPUS / "sharded"
COUNTING = Path(__file__).parent / "collectives_in_eager.py"
Maps = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def maps() -> Maps:
    return traced(FOLDER / "model.py")


@pytest.fixture(scope="module")
def sharded() -> Maps:
    return traced(SHARDED / "models.py")


def traced(path: Path) -> Maps:
    traces = trace_json(path.name, "--no-eager", cwd=path.parent)["traces"]
    return {trace["target"]["qualname"]: trace for trace in traces}


def in_eager(path: Path) -> dict[str, Any]:
    """What `collectives_in_eager.py` prints about the pinned examples of a file."""
    done = subprocess.run([sys.executable, str(COUNTING), str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # an example prints


def collectives(trace: dict[str, Any]) -> list[dict[str, Any]]:
    assert trace["status"] == "traced", trace["failure"]
    (graph,) = trace["graphs"]
    return graph["collectives"]


def moved(trace: dict[str, Any]) -> Counter[tuple[str, str, int]]:
    """Each collective by pass, operation and bytes; those that the backward pass repeats are there too."""
    again = set(trace["graphs"][0]["partition"]["backward"])
    found: Counter[tuple[str, str, int]] = Counter()
    for each in collectives(trace):
        kind = each["kind"].replace("allreduce_", "all_reduce")  # in place, in a direct capture
        passes = ["backward" if each["is_backward"] else "forward"]
        passes += ["backward"] if not each["is_backward"] and each["operation"] in again else []
        found.update((when, kind, each["bytes"]) for when in passes)
    return found


def test_counts_and_bytes_are_those_of_comm_debug_mode(maps: Maps) -> None:
    eager = in_eager(FOLDER / "model.py")
    assert len(eager) == 10
    for name, run in eager.items():
        assert moved(maps[name]) == Counter(map(tuple, run["moved"])), name


def test_decoders_on_a_mesh_are_as_in_eager(sharded: Maps) -> None:
    """Tensor and sequence parallel, on one mesh dimension and on both: communication, and the shards of parameters."""
    eager = in_eager(SHARDED / "models.py")
    assert len(eager) == 4
    for name, run in eager.items():
        assert len(run["moved"]) >= 5 and moved(sharded[name]) == Counter(map(tuple, run["moved"])), name
        assert shards(sharded[name]) == run["shards"], name


def shards(trace: dict[str, Any]) -> dict[str, Any]:
    """The parameters that are DTensors, as `collectives_in_eager.py` has them."""
    (graph,) = trace["graphs"]
    found = {}
    for each in graph["subclasses"]:
        if each["role"] == "parameter":
            (local,) = [piece for piece in each["pieces"] if piece["attribute"] == "_local_tensor"]
            assert graph["inputs"][local["input"]]["shape"] == local["shape"]
            gradient = each["gradient"]
            found[each["label"]] = {
                "whole": each["shape"],
                "local": local["shape"],
                "placements": placements(each["sharding"]),
                "gradient": placements(gradient["sharding"]) if gradient and gradient["sharding"] else None,
            }
    return found


def shown(each: dict[str, Any]) -> tuple[Any, ...]:
    """A collective in brief: its kind, line, mesh dimension, ranks, who asked for it, and whether it runs backward."""
    line = LINES[each["source"]["line"] - 1].strip() if each["source"] else None
    return (
        each["kind"],
        line,
        each["label"],
        each["dimension"],
        each["ranks"],
        each["cause"],
        each["by"],
        each["is_backward"],
    )


LINES = (FOLDER / "model.py").read_text(encoding="utf-8").split("\n")


def implicit(trace: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings about what DTensor redistributes unasked."""
    return [finding for finding in trace["findings"] if finding["code"] == "implicit-redistribution"]


def placements(sharding: dict[str, Any]) -> list[str]:
    return [each["text"] for each in sharding["placements"]]


def test_those_of_a_plan_name_the_style_that_asks(maps: Maps) -> None:
    line = "return self.down(self.up(self.norm(x)).relu())"
    whole, inner = "self.down(self.up(self.norm(x)).relu())", "self.up(self.norm(x))"
    gather, scatter = "all_gather_into_tensor", "reduce_scatter_tensor"
    assert [shown(each) for each in collectives(maps["Sequence"])] == [
        (gather, line, inner, "tp", 8, "plan", "ColwiseParallel", False),
        (scatter, line, whole, "tp", 8, "plan", "RowwiseParallel", False),
        (gather, line, whole, "tp", 8, "plan", "RowwiseParallel", True),
        (scatter, line, inner, "tp", 8, "plan", "ColwiseParallel", True),
    ]
    assert [each["module"] for each in collectives(maps["Sequence"])] == ["up", "down", "down", "up"]
    first = collectives(maps["Sequence"])[0]
    assert (placements(first["before"]), placements(first["after"])) == (["Shard(dim=1)"], ["Replicate()"])
    assert first["operand"] == "self.norm(x)"
    assert not implicit(maps["Sequence"])


def test_calls_of_the_code_are_its_own(maps: Maps) -> None:
    asked = [(each["by"], each["dimension"], each["ranks"]) for each in collectives(maps["Calls"])]
    assert asked == [
        ("redistribute", "tp", 4),
        ("full_tensor", "tp", 4),
        ("full_tensor", "dp", 2),
        ("redistribute", "tp", 4),
        ("redistribute", "dp", 2),
        ("redistribute", "tp", 4),
    ]
    assert {each["cause"] for trace in ("Calls", "Local", "Functional") for each in collectives(maps[trace])} == {
        "call"
    }
    (local,) = collectives(maps["Local"])
    assert (local["by"], local["is_backward"], local["operand"]) == ("from_local", True, None)
    # A group of all ranks is torch's default one: its mesh dimension is that of the mesh which has it.
    groups = {(each["by"], each["dimension"]) for each in collectives(maps["Functional"]) if not each["is_backward"]}
    assert groups == {
        ("all_gather_into_tensor", "tp"),
        ("reduce_scatter_tensor", "tp"),
        ("all_to_all_single", "1"),
        ("all_reduce", "dp"),
        ("all_reduce_coalesced", "tp"),
        ("all_reduce", "tp"),
        ("broadcast", "tp"),
    }
    assert not any(implicit(maps[name]) for name in ("Calls", "Local", "Functional"))


def test_implicit_redistributions_are_findings_at_their_line(maps: Maps) -> None:
    found = {
        (name, LINES[finding["line"] - 1].strip(), finding["message"].partition(". ")[0])
        for name, trace in maps.items()
        for finding in implicit(trace)
    }
    backward = "in the backward pass DTensor redistributes a gradient for mm (Shard(1) → Replicate())"
    over = "over tp (8 ranks)"
    assert found == {
        (
            "Product",
            "wide = x @ self.weight",
            f"DTensor redistributes x for mm (Shard(1) → Replicate()): all_gather of 64 B {over}; "
            f"{backward}: all_gather of 64 B {over}",
        ),
        (
            "Residual",
            "return (h + x) * self.scale",
            f"DTensor redistributes scale for mul (Shard(0) → Replicate()): all_gather of 8 B {over}",
        ),
        ("Residual", "h = x @ self.weight", f"{backward}: all_gather of 64 B {over}"),
        (
            "Pending",
            "return y.relu().to_local()",
            f'DTensor redistributes x @ self.first for relu (Partial("sum") → Replicate()): all_reduce of 512 B {over}',
        ),
    }


def test_a_direct_capture_has_the_lines_of_the_forward_pass(maps: Maps) -> None:
    assert maps["Untracked"]["graphs"][0]["capture"] == "direct"
    forward, in_place, backward = collectives(maps["Untracked"])
    assert shown(forward)[1:] == (
        "return self.down(self.up(self.norm(x)).relu())",
        "self.down(self.up(self.norm(x)).relu())",
        "tp",
        8,
        "plan",
        "RowwiseParallel",
        False,
    )
    assert shown(in_place)[1:7] == (
        'dist.all_reduce(whole, group=BOTH.get_group("dp"))',
        'dist.all_reduce(whole, group=BOTH.get_group("dp"))',
        "dp",
        2,
        "call",
        "allreduce_",
    )
    # Nothing says which call of the forward pass a derivative belongs to: nobody is accused of it.
    assert (backward["source"], backward["cause"], backward["is_backward"]) == (None, "unknown", True)
