"""Inferred examples, through the command line: their expressions, their pins, and errors that they must not hide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support import CORPUS, run_aotlens, trace_json

FOLDER = CORPUS / "inferred"
NOT_TRACED = {"Broken", "Hopeless", "Hangs"}

EXPECTED = {
    "Attention": {"x": "f32[2, 16, 64]"},
    "Convolution": {"maps": "f32[2, 12, 56, 56]"},
    "Unpacked": {"x": "f32[2, 64, 56, 56]"},
    "Patches": {"x": "f32[2, 3, 224, 224]"},
    "Embedded": {"x": "i64[2, 16]"},
    "Configured": {"hidden_states": "f32[2, 16, 48]"},
    "NeedsTheOptional": {"x": "f32[2, 16, 64]", "context": "f32[2, 16, 32]"},
    "Multiplied": {"x": "f32[2, 16, 12]"},
    "Wrapper": {"x": "f32[2, 16, 64]"},
    "Encoder": {"x": "f32[2, 16, 64]"},
    "UsesAnEncoder": {"x": "f32[2, 16, 64]"},
    "Annotated": {"x": "f32[2, 64, 5]", "y": "i64[2]"},
}


NETWORKS = {
    "Probe": ("backbone=Backbone(dim=64)", {"x": "f32[2, 16, 64]"}),
    "OfItsLayers": (
        "net=torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.GELU(), torch.nn.Linear(64, 64))",
        {"x": "f32[2, 16, 64]"},
    ),
    "OfPatches": ("image_size=228", {"img": "f32[2, 3, 228, 228]"}),
    "Distances": ("heads=4", {"i": "16", "j": "16"}),
    "Scaled": ("scale=2", {"args[0]": "f32[2, 16, 64]"}),
    "Staged": ("channels=64, factors=[2, 2], depth=(2, 2, 2, 2)", {"x": "f32[2, 64, 16]"}),
    "HandsOn": ("channels=64, factors=[2, 2]", {"x": "f32[2, 64, 16]"}),
    "ByPrefix": (
        "dim=64, enc_num_tokens=256, dec_num_tokens=256, enc_depth=2, dec_depth=2",
        {"ids": "i64[2, 16]"},
    ),
    "NextToken": ("dim=64", {"x": "i64[2, 16]"}),
    "Commented": ("", {"steps": "f32[2, 2, 16, 64]"}),
    "Branches": ("dim=64", {"x": "f32[2, 64, 56, 56]"}),
    "Combined": ("dim=64", {"x": "f32[2, 16, 64]", "skip": "f32[2, 16, 64]"}),
    "Cast": ("dim=64", {"x": "f32[2, 16, 64]", "dtype": "torch.float32"}),
    "Checked": ("dim=64", {"x": "f32[2, 16, 64]"}),
    "Flexible": ("dim=64", {"x": "f32[2, 16, 64]"}),
    "Continues": ("net=LanguageModel(layers=CausalLayers(dim=64))", {"ids": "i64[2, 16]"}),
    "Weighted": ("vocab_size=256", {"x": "i64[2, 16]", "number": "f32[2, 16]"}),
    "Pools": ("pooling=NormedPooling(inner=MeanPooling())", {"x": "f32[2, 16, 64]"}),
    "NormedPooling": ("inner=MeanPooling()", {"x": "f32[2, 16, 64]"}),
    "Averaged": ("net=LanguageModel(layers=Layers(dim=64))", {"ids": "i64[2, 16]"}),
}
"""The arguments with which each class of networks.py is built, and called."""

RANKS = {
    "PerChannel": ("dim=64", {"x": "f32[2, 64, 56, 56]"}),
    "Reshaped": ("dim=64", {"x": "f32[2, 64, 56, 56]"}),
    "LastAxis": ("", {"t": "f32[2, 64]"}),
    "Boxes": ("", {"corners": "f32[2, 16, 4]"}),
    "Deviation": ("", {"x": "f32[2, 64, 56, 56]"}),
    "OverTheMap": ("", {"x": "f32[2, 64, 56, 56]"}),
    "OnACondition": ("dim=64", {"x": "f32[2, 16, 64]"}),
    "Spread": ("", {"tokens": "f32[2, 16, 64]"}),
    "AlongAnAttribute": ("", {"t": "f32[2, 64]"}),
    "ByAWidth": ("", {"x": "f32[2, 16, 64]"}),
    "Unpacks": ("", {"inputs": "{'x': f32[2, 64]}"}),
    "LongKernel": ("dim=64", {"x": "f32[2, 64, 256]"}),
    "Located": (
        "dim=64",
        {"pixel_values": "f32[2, 16, 48]", "position_ids": "i64[2, 16, 2]", "padding": "b8[2, 16]"},
    ),
}
CONFIGURED = {
    "OfParts": (
        "config=WholeConfig(text_config=TextConfig(hidden_size=32, num_hidden_layers=2))",
        {"x": "f32[2, 16, 32]"},
    ),
    "CannotBeCut": ("config=PerLayerConfig()", {"x": "f32[2, 16, 32]"}),
    "Listens": ("ear=EarConfig()", {"input_features": "f32[2, 40, 256]"}),
    "Scans": ("config=ScanConfig()", {"pixel_values": "f32[2, 3, 96, 48]"}),
    "Routes": ("config=OpenConfig(num_experts=4, expert_size=128)", {"x": "f32[2, 16, 32]"}),
    "Enlarges": ("config=OpenConfig(upscale=4)", {"x": "f32[2, 32, 56, 56]"}),
    "Widens": ("config=OpenConfig(sizes=[32, 48])", {"x": "f32[2, 16, 32]"}),
    "ReadsItsConfig": ("dim=64, config=PerLayerConfig()", {"x": "f32[2, 16, 64]"}),
}
"""The same of ranks.py and of configured.py."""

CASES = [
    pytest.param(file, name, *expected, id=name)
    for file, cases in (("networks", NETWORKS), ("ranks", RANKS), ("configured", CONFIGURED))
    for name, expected in cases.items()
]


@pytest.mark.parametrize(("file", "name", "constructor", "arguments"), CASES)
def test_what_a_shape_does_not_tell_is_inferred(
    file: str, name: str, constructor: str, arguments: dict[str, str]
) -> None:
    trace = trace_json(f"{file}.py::{name}", "--timeout", "40", cwd=FOLDER)["traces"][0]
    assert trace["status"] == "traced", trace["failure"]
    example = trace["example"]
    found = {argument["name"]: argument["value"] for argument in example["arguments"]}
    assert (example["constructor"], found) == (f"{name}({constructor})", arguments)


def test_a_guess_that_needs_what_a_cpu_has_no_kernel_for_can_be_pinned() -> None:
    example = "Flexible(dim=64)(torch.randn(2, 16, 64))"
    trace = trace_json("networks.py::Flexible", "--example", example, cwd=FOLDER)["traces"][0]
    assert trace["status"] == "traced", trace["failure"]
    assert any("flex_attention_backward" in operation["op"] for operation in trace["graphs"][0]["operations"])


def test_what_an_annotation_names_is_not_replaced_by_something_else() -> None:
    trace = trace_json("networks.py::OfWhatCannotBe", cwd=FOLDER)["traces"][0]
    assert trace["status"] == "failed"
    assert "there is no room for it" in trace["failure"]["message"]
    assert all("Unbuildable(" in attempt["expression"] for attempt in trace["attempts"] if attempt["expression"])


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    answer = trace_json("model.py", "--timeout", "40", cwd=FOLDER)
    return {trace["target"]["qualname"]: trace for trace in answer["traces"]}


@pytest.mark.parametrize("name", EXPECTED)
def test_arguments_are_inferred(name: str, traces: dict[str, dict[str, Any]]) -> None:
    trace = traces[name]
    assert trace["status"] == "traced", trace["failure"]
    example = trace["example"]
    found = {argument["name"]: argument["value"] for argument in example["arguments"]}
    assert found == EXPECTED[name]
    if name != "Encoder":  # which is recorded where it is used, once that is traced
        assert example["origin"] == "inferred"


def test_stacks_are_cut_and_configurations_are_written_out(traces: dict[str, dict[str, Any]]) -> None:
    assert traces["Configured"]["example"]["constructor"] == "Configured(config=SettingsOfAModel(num_layers=2))"


def test_an_inferred_example_can_be_pinned_as_it_is(traces: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    expression = traces["NeedsTheOptional"]["example"]["pin"]
    assert expression == "NeedsTheOptional(dim=64)(torch.randn(2, 16, 64), torch.randn(2, 16, 32))"
    again = trace_json("model.py::NeedsTheOptional", "--example", expression, cwd=FOLDER)["traces"][0]
    assert again["example"]["origin"] == "option"
    assert again["example"]["arguments"] == traces["NeedsTheOptional"]["example"]["arguments"]
    assert again["graphs"][0]["inputs"] == traces["NeedsTheOptional"]["graphs"][0]["inputs"]


def test_the_answer_is_the_same_each_time(traces: dict[str, dict[str, Any]]) -> None:
    again = trace_json("model.py::Multiplied", cwd=FOLDER)["traces"][0]
    assert again["example"] == traces["Multiplied"]["example"]
    assert again["attempts"] == traces["Multiplied"]["attempts"] != []


def test_a_mistake_of_the_users_is_told_and_not_tried_again(traces: dict[str, dict[str, Any]]) -> None:
    failure = traces["Broken"]["failure"]
    assert failure["stage"] == "forward"
    assert "'Broken' object has no attribute 'fd'" in failure["message"]
    assert (FOLDER / "model.py").read_text().splitlines()[failure["line"] - 1].strip() == "return self.fd(x)"
    assert len([attempt for attempt in traces["Broken"]["attempts"] if attempt["expression"]]) == 1


def test_what_was_missing_is_told_with_a_pin_to_complete(traces: dict[str, dict[str, Any]]) -> None:
    failure = traces["Hopeless"]["failure"]
    assert failure["stage"] == "example"
    assert failure["message"].startswith("no example found")
    assert "answer" in failure["message"]
    assert "# aotlens: Hopeless(dim=64)(" in failure["hint"]


def test_a_module_that_hangs_costs_its_own_trace(traces: dict[str, dict[str, Any]]) -> None:
    assert "takes more than" in traces["Hangs"]["failure"]["message"] or "time" in traces["Hangs"]["failure"]["message"]


PINNED = """\
import torch
from torch import nn


# aotlens: Net(8)(torch.randn(2, 9))
class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)

    def forward(self, x):
        return self.fc(x)
"""


def test_a_pinned_example_that_fails_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(PINNED)
    trace = trace_json("net.py", cwd=tmp_path)["traces"][0]
    assert trace["status"] == "failed"
    assert trace["example"]["origin"] == "pinned"
    assert "mat1 and mat2" in trace["failure"]["message"] or "reduction dim" in trace["failure"]["message"]


MISSING = """\
import torch
from torch import nn
from not_installed_here.ops import Fast


class Free(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        return self.fc(x)


class Bound(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fast = Fast(dim)

    def forward(self, x):
        return self.fast(x)
"""


def test_a_missing_package_is_stood_in_for_and_told(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MISSING)
    free, bound = trace_json("net.py", cwd=tmp_path)["traces"]
    assert free["status"] == "traced"
    (finding,) = [item for item in free["findings"] if item["code"] == "missing-package"]
    assert (finding["severity"], finding["path"], finding["line"]) == ("warning", "net.py", 3)
    assert "not_installed_here is not installed" in finding["message"]
    assert bound["status"] == "failed"
    assert (
        "not_installed_here.ops.Fast is called, but not_installed_here is not installed" in bound["failure"]["message"]
    )


NETWORK = """\
import socket

import torch
from torch import nn


class Downloads(nn.Module):
    def __init__(self, dim):
        super().__init__()
        socket.create_connection(("127.0.0.1", 9))
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        return self.fc(x)
"""


def test_a_guess_reaches_no_network(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NETWORK)
    trace = trace_json("net.py", cwd=tmp_path)["traces"][0]
    assert trace["status"] == "failed"
    assert "the nearest guess was stopped, because it has a side effect (socket" in trace["failure"]["message"]


def test_one_line_says_what_was_guessed() -> None:
    done = run_aotlens("trace", "model.py::Convolution", cwd=FOLDER)
    assert "Convolution()(maps: f32[2, 12, 56, 56])  inferred" in done.stdout


def test_the_rule_behind_a_guess_is_named(traces: dict[str, dict[str, Any]]) -> None:
    assert traces["Multiplied"]["example"]["rule"] == "sizes-differ"
    assert traces["Multiplied"]["attempts"][0]["rule"] is None
    done = run_aotlens("trace", "model.py::Multiplied", "--explain", cwd=FOLDER)
    assert "passed over: inferred: Multiplied()(torch.randn(2, 16, 64))" in done.stdout
    assert "found by the rule sizes-differ" in done.stdout


def test_values_that_served_for_another_class_of_the_file_are_tried_if_the_first_guess_fails() -> None:
    pinned, mixed = trace_json(str(FOLDER / "siblings.py"))["traces"]
    assert pinned["example"]["as_for"] is None
    assert mixed["status"] == "traced", mixed["failure"]
    assert mixed["example"]["as_for"] == "Rotated"
    assert mixed["example"]["expression"] == "Mixed(size=32, groups=5)(torch.randn(3, 7, 5, 32))"
    assert len(mixed["attempts"]) == 1


READS = """import torch
from torch import nn


class Reads(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(9000, 9000))
        self.fc = nn.Linear(dim, int(torch.rand(4).argsort()[0]) + 24)

    def forward(self, x):
        rows = x[x.sum(-1) > -1000]
        if rows.sum() < 1e6:
            raise ValueError("too little")
        return self.fc(rows)
"""


def test_a_guess_that_reads_data_and_fails_for_their_values_is_no_error_of_the_class(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(READS)
    trace = trace_json("net.py", cwd=tmp_path)["traces"][0]
    assert (trace["status"], trace["example"]["weights"]) == ("failed", "real")
    assert trace["failure"]["stage"] == "example"
    assert "no example found: the nearest guess fails with ValueError: too little" in trace["failure"]["message"]
