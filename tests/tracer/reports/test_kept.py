"""State that `forward` keeps: its line, its graph, and what the next call does with it; beside eager itself."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from torch import nn

from aotlens.features.fixes.detach_kept import detach_kept
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Finding, Span, Target
from aotlens_tracer.wire.findings import GraphKept, Subject
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
    ("Experts", "BALANCE_LOSSES[0]", 40),
    ("RunningTotal", "self.total", 54),
    ("Metered", "self.meter.values[0]", 233),
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
    assert finding["message"].startswith(f"{name.removesuffix('[0]')} is kept with the graph of each call")
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
    (finding,) = [one for one in trace["findings"] if one["code"] == "gradient-outside-graph"]
    assert finding["message"] == (
        "the gradient of freq does not pass through the graph: only the first backward gives it one, through "
        "`self.table`, made by the constructor on line 27"
    )
    assert "parameter-without-gradient" not in {one["code"] for one in trace["findings"]}


def test_a_table_of_the_constructor_whose_derivative_needs_nothing_gives_each_backward_a_gradient(
    report: Report,
) -> None:
    model = file_of(MORE).Steps(4)
    for _ in range(2):
        model.zero_grad()
        model(torch.randn(3, 4)).sum().backward()
        assert model.steps.grad is not None
    found = {one["code"]: one["message"] for one in report(MORE, "Steps")["findings"]}
    line = next(each["line"] for each in report(MORE, "Steps")["findings"] if each["code"] == "graph-kept-across-calls")
    assert found == {
        "gradient-outside-graph": (
            "the gradient of steps does not pass through the graph: each backward gives it one, through `self.table`, "
            f"made by the constructor on line {line}, which is not computed anew after a change"
        ),
        "graph-kept-across-calls": (
            "self.table has a graph from the constructor, and each call uses it: it is not computed anew when the "
            "optimizer changes the parameters; compute it in forward, or detach it"
        ),
    }


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
    assert finding["message"] == f"the buffer {name} is replaced: the call gives it a new tensor"


def test_a_buffer_that_is_given_a_new_tensor_and_one_changed_in_place_are_both_told(report: Report) -> None:
    assert found(report(BUFFERS, "Reassigned"), "buffer-mutation") == [("steps", 17, "hint"), ("mean", 18, "hint")]


def test_kept_state_leads_back_to_the_parameters_of_its_graph(report: Report) -> None:
    (state,) = report(BUFFERS, "Cache")["eager_run"]["kept"]
    assert state["parameters"] == ["router.weight", "router.bias"]
    assert (state["kind"], state["change"], state["dtype"], state["shape"]) == ("attribute", "new", "float32", [])


def mended(file: str, lines: dict[str, int]) -> types.ModuleType | None:
    """A module of the corpus with the quick fix applied to some lines; None if there is no fix."""
    path = str(CORPUS / "reports" / f"{file}.py")
    text = Path(path).read_text(encoding="utf-8")
    document = Document(Path(path).as_uri(), path, 1, text)
    findings = tuple(
        Finding(KEPT, path, line, subjects=(Subject("state", name),), reason=GraphKept("fails"))
        for name, line in lines.items()
    )
    map = DescriptorMap(Target(path, "Net", 1), "traced", "export", findings=findings)
    state = TargetState(TargetKey(path, "Net"), "traced", map, MappingProxyType({path: 1}))
    snapshot = Snapshot(MappingProxyType({path: document}), MappingProxyType({state.key: state}))
    rows = text.splitlines()
    for line in lines.values():
        actions = list(detach_kept(snapshot, document, Span(path, line, 1)))
        if not actions:
            return None
        for edit in reversed(actions[0].edits):
            assert edit.span.line == edit.span.end_line == line
            assert edit.span.column is not None and edit.span.end_column is not None
            old = rows[line - 1]
            rows[line - 1] = old[: edit.span.column - 1] + edit.text + old[edit.span.end_column - 1 :]
    module = types.ModuleType(f"mended_{file}")
    exec(compile("\n".join(rows), f"<{file}>", "exec"), vars(module))
    return module


NOT_MENDED = ("CachedRotary", "KeysAndValues", "CachedTable")
"""These read later in the same call what they keep, or keep what a function returns: detaching would end gradients."""


@pytest.mark.parametrize(("file", "qualname", "shape", "lines"), FAILS, ids=[case[1] for case in FAILS])
def test_the_quick_fix_lets_the_second_backward_work_and_the_first_one_as_it_was(
    file: str, qualname: str, shape: tuple[int, ...], lines: dict[str, int]
) -> None:
    module = mended(file, lines)
    assert (module is None) == (qualname in NOT_MENDED)
    if module is None:
        return
    arguments = torch.randn(shape)
    gradients = []
    for each in (file_of(file), module):
        torch.manual_seed(0)
        model = getattr(each, qualname)(shape[-1])
        model(arguments).square().sum().backward()
        gradients.append({name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None})
    assert second_backward(model, arguments) is None
    if "table" not in next(iter(lines)):  # the constructor's tables end the gradients of what they are made of
        torch.testing.assert_close(gradients[1], gradients[0], rtol=0, atol=0)


def test_state_is_found_wherever_it_is_kept_and_by_whatever_statement(report: Report) -> None:
    states = kept(report(MORE, "Everywhere"))
    assert {name: line for name, (line, _, _) in states.items()} == {
        "map": 297,
        "LAST": 298,
        "Everywhere.shared[0]": 299,
        "memory.value": 300,
        "scale": 302,
        "norm": 279,
        "blocks.0.out": 315,
        "blocks.1.out": 315,
    }
    assert report(MORE, "Everywhere")["findings"] == []


def test_a_layer_that_is_traced_in_the_call_of_another_one_has_its_lines_too(report: Report) -> None:
    trace = report(MORE, "Block")
    assert trace["example"]["origin"] == "recorded"
    assert kept(trace) == {"out": (315, True, "replaced")}


def test_a_graph_that_goes_back_through_all_calls_without_an_error_is_told(report: Report) -> None:
    model = file_of(MORE).Sums(4)
    assert second_backward(model, torch.randn(3, 4)) is None
    assert model.bias.grad is not None and model.bias.grad[0] == 3 * 3  # of three rows: once, then once in each call
    trace = report(MORE, "Sums")
    assert found(trace) == [("self.sum", 329, "warning")]
    (finding,) = [one for one in trace["findings"] if one["code"] == KEPT]
    assert "goes back through all earlier calls" in finding["message"]
