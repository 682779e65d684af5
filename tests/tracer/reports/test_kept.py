"""State that `forward` keeps: its line, its graph, and what the next call does with it; beside eager itself."""

from __future__ import annotations

import importlib.util
import sys
import types
from typing import Any

import pytest
import torch
from torch import nn

from support import CORPUS

from .conftest import Report

KEPT = "graph-kept-across-calls"
MORE = "kept_more"
BUFFERS = "case18_buffer_reassigned"

Kept = dict[str, tuple[int | None, bool, str | None]]
"""By name: the line that keeps a tensor, whether it carries a graph, and its fate."""


def kept(trace: dict[str, Any]) -> Kept:
    return {
        each["name"]: (each["place"] and each["place"]["line"], each["carries_graph"], each["fate"])
        for each in trace["eager_run"]["kept"]
    }


def found(trace: dict[str, Any], code: str = KEPT) -> list[tuple[str, int, str]]:
    """The findings of a code: names, lines and severities."""
    return [(one["name"], one["line"], one["severity"]) for one in trace["findings"] if one["code"] == code]


def file_of(file: str) -> types.ModuleType:
    """A module of the corpus, imported anew."""
    spec = importlib.util.spec_from_file_location(f"corpus_{file}", CORPUS / "reports" / f"{file}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def second_backward(model: nn.Module, *arguments: torch.Tensor) -> str | None:
    """The error of the second of two training steps on real tensors; None if there is none."""
    model(*arguments).sum().backward()
    try:
        model(*arguments).sum().backward()
    except RuntimeError as error:
        return str(error)
    return None


FAILS = [
    ("case14_rnn", "Stateful", (2, 5, 4), {"self.hidden": 31}),
    ("case14_rnn", "StatefulBuffer", (2, 5, 4), {"self.hidden": 46}),
    (BUFFERS, "Reassigned", (3, 4), {"self.mean": 18}),
    (BUFFERS, "InPlaceAttached", (3, 4), {"self.mean": 36}),
    ("case26_views_config", "BufferGraph", (3, 4), {"self.table": 27}),
    ("case26_views_config", "ConstCache", (3, 4), {"self.table": 41}),
    (MORE, "CachedRotary", (2, 5, 8), {"self.cached": 25}),
    (MORE, "Leaky", (3, 4), {"self.neuron.mem": 67}),
    (MORE, "KeysAndValues", (2, 3, 4), {"self.keys[0]": 158, "self.values[0]": 159}),
    (MORE, "CachedTable", (3, 4), {"table(…)": 178}),
    (MORE, "Smoothed", (3, 4), {"last": 208}),
]


@pytest.mark.parametrize(("file", "qualname", "shape", "lines"), FAILS, ids=[case[1] for case in FAILS])
def test_a_graph_that_the_next_call_uses_is_found_where_it_is_kept_if_the_second_backward_fails(
    report: Report, file: str, qualname: str, shape: tuple[int, ...], lines: dict[str, int]
) -> None:
    error = second_backward(getattr(file_of(file), qualname)(shape[-1]), torch.randn(shape))
    assert error is not None and "backward through the graph a second time" in error
    trace = report(file, qualname)
    assert found(trace) == [(name, line, "warning") for name, line in lines.items()]
    messages = [one["message"] for one in trace["findings"] if one["code"] == KEPT]
    assert all("the second backward fails" in message for message in messages)


FINE = [
    (BUFFERS, "Detached", (3, 4), {"mean": (26, False, "replaced")}),
    (BUFFERS, "Cache", (3, 4), {"aux_loss": (51, True, "replaced")}),
    (MORE, "Activity", (3, 4), {"activity": (92, True, "replaced")}),
    (MORE, "HookedMaps", (3, 4), {"maps['att']": (107, True, "replaced")}),
    (MORE, "MemoryBank", (2, 4), {"queue": (128, False, "held")}),
    (MORE, "Truncated", (2, 5, 4), {"state[0]": (142, False, "replaced"), "state[1]": (142, False, "replaced")}),
    (MORE, "Averaged", (3, 4), {"average": (261, False, "replaced")}),
    (
        MORE,
        "Logged",
        (3, 4),
        {
            "STATS['norm']": (190, True, "replaced"),
            "STATS['mean']": (191, True, "replaced"),
            "STATS['top']": (191, False, "replaced"),
        },
    ),
]


@pytest.mark.parametrize(("file", "qualname", "shape", "states"), FINE, ids=[case[1] for case in FINE])
def test_state_that_each_call_replaces_or_that_has_no_graph_is_known_and_no_finding(
    report: Report, file: str, qualname: str, shape: tuple[int, ...], states: Kept
) -> None:
    assert second_backward(getattr(file_of(file), qualname)(shape[-1]), torch.randn(shape)) is None
    trace = report(file, qualname)
    assert kept(trace) == states
    assert found(trace) == []


GROWS = [
    ("Experts", "BALANCE_LOSSES", 40),
    ("RunningTotal", "self.total", 54),
    ("Metered", "self.meter.values", 233),
]


@pytest.mark.parametrize(("qualname", "name", "line"), GROWS, ids=[case[0] for case in GROWS])
def test_state_that_grows_with_its_graph_is_found_though_no_backward_fails(
    report: Report, qualname: str, name: str, line: int
) -> None:
    model = getattr(file_of(MORE), qualname)(4)
    arguments = [torch.randn(3, 4)] * (2 if qualname == "RunningTotal" else 1)
    assert second_backward(model, *arguments) is None
    trace = report(MORE, qualname)
    assert found(trace) == [(name, line, "warning")]
    (finding,) = [one for one in trace["findings"] if one["code"] == KEPT]
    assert "memory grows with every call" in finding["message"]


def test_the_running_total_really_holds_the_graphs_of_all_calls() -> None:
    module = file_of(MORE)
    metered = module.Metered(4)
    for _ in range(3):
        metered(torch.randn(3, 4))
    assert [value.grad_fn is not None for value in metered.meter.values] == [True] * 3


@pytest.mark.parametrize(
    ("file", "qualname", "name", "line"),
    [(BUFFERS, "Cache", "self.aux_loss", 51), (MORE, "Experts", "BALANCE_LOSSES[0]", 40)],
)
def test_a_parameter_that_reaches_only_kept_state_is_told_so_and_is_no_warning(
    report: Report, file: str, qualname: str, name: str, line: int
) -> None:
    module = file_of(file)
    model = getattr(module, qualname)(4)
    out = model(torch.randn(3, 4))
    (module.BALANCE_LOSSES[-1] if qualname == "Experts" else model.aux_loss).backward(retain_graph=True)
    assert all(parameter.grad is not None for parameter in model.router.parameters())
    model.zero_grad()
    out.sum().backward()
    assert all(parameter.grad is None for parameter in model.router.parameters())

    trace = report(file, qualname)
    router = [one for one in trace["findings"] if one["code"] == "parameter-without-gradient"]
    assert [one["name"] for one in router] == ["router.weight", "router.bias"]
    assert {one["severity"] for one in router} == {"information"}
    for one in router:
        assert one["message"] == (
            f"{one['name']} gets no gradient from what is returned: it gets one only through `{name}`, kept on line "
            f"{line}, if the loss uses that"
        )
        assert [(each["message"], each["line"]) for each in one["related"]] == [("it is kept here", line)]


def test_a_parameter_behind_a_table_of_the_constructor_gets_its_gradient_in_the_first_backward(report: Report) -> None:
    model = file_of("case26_views_config").BufferGraph(4)
    model(torch.randn(3, 4)).sum().backward()
    assert model.freq.grad is not None
    trace = report("case26_views_config", "BufferGraph")
    (finding,) = [one for one in trace["findings"] if one["code"] == "parameter-without-gradient"]
    assert finding["message"] == (
        "freq gets no gradient in the graph: only the first backward gives it one, through `self.table`, made by the "
        "constructor on line 27"
    )


@pytest.mark.parametrize(
    ("file", "qualname", "name", "line"),
    [
        (BUFFERS, "Reassigned", "mean", 18),
        (BUFFERS, "Detached", "mean", 26),
        ("case14_rnn", "StatefulBuffer", "hidden", 46),
        (MORE, "Averaged", "average", 261),
    ],
)
def test_a_buffer_that_is_given_a_new_tensor_changes(
    report: Report, file: str, qualname: str, name: str, line: int
) -> None:
    (finding,) = [
        one for one in report(file, qualname)["findings"] if one["code"] == "buffer-mutation" and one["line"] == line
    ]
    assert finding["message"] == f"the buffer {name} is replaced: each call gives it a new tensor"


def test_a_buffer_that_is_given_a_new_tensor_and_one_changed_in_place_are_both_told(report: Report) -> None:
    assert found(report(BUFFERS, "Reassigned"), "buffer-mutation") == [("steps", 17, "hint"), ("mean", 18, "hint")]


def test_kept_state_leads_back_to_the_parameters_of_its_graph(report: Report) -> None:
    (state,) = report(BUFFERS, "Cache")["eager_run"]["kept"]
    assert state["parameters"] == ["router.weight", "router.bias"]
    assert (state["kind"], state["change"], state["dtype"], state["shape"]) == ("attribute", "new", "float32", [])
