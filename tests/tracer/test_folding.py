"""Provisional maps of models with many equal layers: equal to the exact map, or absent.

Each equal case costs a whole trace: CI takes two of them, and `make folded` all (`AOTLENS_FOLDED=all`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aotlens_tracer.steps import folded
from aotlens_tracer.steps.build_example import Built
from aotlens_tracer.steps.context import Context
from aotlens_tracer.steps.trace import trace
from aotlens_tracer.values.process import Beside
from aotlens_tracer.wire.protocol import FOLDED, Assembled, ExampleSource, TraceParams

FILE = Path(__file__).parent / "layered_models.py"
TOKENS = "torch.zeros(2, 8, dtype=torch.long)"
IMAGE = "torch.zeros(2, 3, 16, 16)"
EQUAL = (
    f"TiedGPT()({TOKENS}, {TOKENS})",
    f"Collector(9)({TOKENS})",
    f"Llama()({TOKENS})",
    f"ViT()({IMAGE})",
    f"ResNet()({IMAGE})",
)
"""Models whose layers are equal: the likeliest to go wrong first."""


class Ended(BaseException):
    """The provisional map is known: the exact one is not needed."""


class InThisProcess(Beside):
    """Does at once what has a process of its own in a trace."""

    def __init__(self) -> None:
        super().__init__(None)
        self.is_even = False

    def another(self) -> Beside:
        return self

    def start(self, work: Callable[[], None]) -> bool:
        try:
            work()
            self.is_even = True
        except Exception:
            self.is_even = False
        return True

    def wait(self, seconds: float = 0.0) -> bool:
        return self.is_even


@pytest.fixture
def fold_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded, "LAYERS", 8)
    monkeypatch.setattr(folded, "MODULES", 1)


def traced(monkeypatch: pytest.MonkeyPatch, expression: str, exact: bool) -> tuple[Any, Any]:
    """Return the graph of the provisional map, None if there is none, and that of the exact one, None without it."""
    sent: list[dict[str, Any]] = []

    def start(context: Context, built: Built) -> None:
        object.__setattr__(context, "folding", InThisProcess())
        folded.start_folding(context, built)
        if not exact:
            raise Ended

    monkeypatch.setattr("aotlens_tracer.steps.trace.start_folding", start)
    source = ExampleSource(expression, "option")
    params = TraceParams(str(FILE), expression.partition("(")[0], (source,), stages=True, eager=False)
    last = json.loads(json.dumps(trace(params, sent.append)))
    assembled, provisional = Assembled(), None
    for event in json.loads(json.dumps(sent)):
        if event["event"] == "map" and event["stage"] == FOLDED:
            provisional = event["fields"]
        elif event["event"] == "map":
            assembled.add(event["fields"])
    whole = assembled.add(last)
    if exact:
        assert whole["failure"] is None and whole["folded"] == []
    return provisional, whole["graphs"] if exact else None


@pytest.mark.usefixtures("fold_small")
@pytest.mark.parametrize("expression", EQUAL if os.environ.get("AOTLENS_FOLDED") == "all" else EQUAL[:2])
def test_a_provisional_map_is_the_exact_one(monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    provisional, graphs = traced(monkeypatch, expression, exact=True)
    assert provisional is not None
    assert provisional["graphs"] == graphs
    (container,) = provisional["folded"]
    assert (container["traced"], container["total"]) == (5, 9 if "9" in expression else 12)


@pytest.mark.usefixtures("fold_small")
@pytest.mark.skipif(os.environ.get("AOTLENS_FOLDED") != "all", reason="takes a whole trace: make folded")
def test_tensor_subclasses_are_unfolded_as_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """The partitioner does not keep the same of each layer here: the saved values are not known yet."""
    provisional, graphs = traced(monkeypatch, "Wrapped()(torch.randn(2, 16))", exact=True)
    assert provisional is not None
    (found,), (expected,) = provisional["graphs"], graphs
    assert len(found["subclasses"]) > 24
    assert {name for name in found if found[name] != expected[name]} <= {
        "saved",
        "partition",
        "partitioner",
        "memory_budget",
    }


@pytest.mark.usefixtures("fold_small")
@pytest.mark.skipif(os.environ.get("AOTLENS_FOLDED") != "all", reason="takes a whole trace: make folded")
def test_communication_is_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    provisional, graphs = traced(
        monkeypatch, "Sharded()(shard(torch.randn(2, 16), Replicate())); mesh(tp=8)", exact=True
    )
    assert provisional is not None
    (found,), (expected,) = provisional["graphs"], graphs
    assert len(found["collectives"]) == 33
    assert found["collectives"] == expected["collectives"]


@pytest.mark.usefixtures("fold_small")
@pytest.mark.parametrize(
    "name",
    [
        "EveryFourth",
        "EverySixth",
        "SameFromOtherLines",
        "Windowed",
        "LayerDrop",
        "Shared",
        "SharedPart",
        "SomeCheckpointed",
        "SomeFrozen",
        "SomeDetached",
        "Skips",
        "Indexed",
    ],
)
def test_layers_that_only_look_equal_are_not_unfolded(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(folded, "folded_graph", lambda context, built, layers: {})  # the whole model's call decides
    provisional, _ = traced(monkeypatch, f"{name}()({TOKENS})", exact=False)
    assert provisional is None


def test_a_small_model_is_not_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    provisional, _ = traced(monkeypatch, f"Llama()({TOKENS})", exact=False)
    assert provisional is None


@pytest.mark.usefixtures("fold_small")
def test_graphs_that_do_not_grow_evenly_are_not_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded, "check_evenness", lambda built, layers: None)
    provisional, _ = traced(monkeypatch, f"EveryFourth()({TOKENS})", exact=False)
    assert provisional is None
