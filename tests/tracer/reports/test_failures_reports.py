"""Failures of public reports: the operation's line, its operands, and hints about the cause alone."""

from __future__ import annotations

from typing import Any

import pytest

from support import CORPUS

from .conftest import Report


def _message(trace: dict[str, Any]) -> str:
    return next(item["message"] for item in trace["findings"] if item["code"] == "trace-failed")


def _code(file: str, line: int) -> str:
    return (CORPUS / "reports" / f"{file}.py").read_text(encoding="utf-8").split("\n")[line - 1].strip()


def test_a_sparse_embedding_with_padding_is_named_at_its_line(report: Report) -> None:
    trace = report("case10_sparse_embedding", "Words")
    failure = trace["failure"]
    assert (failure["stage"], failure["line"], failure["column"]) == ("capture", 13, 25)
    assert failure["operation"]["code"] == "self.emb(ids)"
    assert failure["message"].startswith("the derivative of this operation (EmbeddingBackward0) depends on the values")
    assert "mask" not in failure["message"] + failure["hint"]
    assert failure["hint"].endswith("use sparse=False, or no padding_idx")
    assert "`self.emb.weight` is f32[50, 4]: a parameter, made by `nn.Embedding(vocab, n, padding_idx=0," in _message(
        trace
    )


def test_a_bag_without_padding_is_traced(report: Report) -> None:
    assert report("case10_sparse_embedding", "Bag")["status"] == "traced"


def test_the_packing_cannot_be_captured(report: Report) -> None:
    failure = report("case14_rnn", "Packed")["failure"]
    assert (failure["stage"], failure["line"]) == ("capture", 15)
    assert failure["message"].endswith("pack_padded_sequence() depends on the lengths here")
    assert failure["hint"].startswith("a packed sequence has as many rows as the lengths say")
    assert [operand["name"] for operand in failure["operation"]["operands"]] == ["ids", "lengths"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("case22_hooks_layers", "Parallel"),
        ("case22_hooks_layers", "Compiled"),
        ("case23_script_submodule", "Scripted"),
        ("case23_script_submodule", "DP"),
        ("failures_more", "Accepted"),
    ],
)
def test_submodules_of_other_kinds_and_mixed_types_are_traced(report: Report, file: str, name: str) -> None:
    assert report(file, name)["status"] == "traced"


def test_a_submodule_frozen_in_forward_is_a_graph_break_at_its_line(report: Report) -> None:
    trace = report("case22_hooks_layers", "Frozen")
    line = trace["failure"]["line"] if trace["failure"] else trace["graph_breaks"][0]["line"]
    assert _code("case22_hooks_layers", line) == "self.backbone.requires_grad_(False)"


def test_a_value_that_is_read_needs_no_branch_in_its_hint(report: Report) -> None:
    failure = report("case22_hooks_layers", "Drop")["failure"]
    assert _code("case22_hooks_layers", failure["line"]).startswith("if self.training and torch.rand(1).item()")
    assert failure["hint"].startswith("make the value an argument of forward")


def test_quantization_that_has_no_derivative_for_the_scale(report: Report) -> None:
    message = _message(report("case20_quant_complex_autocast", "FakeQ2"))
    assert "is not differentiable with respect to argument 'scale'" in message
    assert "`self.scale` is f32[4]: a parameter" in message


FAILURES = {
    "HalfWeights": (
        "return weights @ v",
        "`weights @ v`: weights is f16[4, 4] (`scores.softmax(-1).to(torch.float16)`, line 12), v is f32[4, 8] (an "
        "argument of the call)\n"
        "RuntimeError: expected m1 and m2 to have the same dtype, but got: c10::Half != float",
        None,
    ),
    "Encoding": (
        "return self.fc(x) + self.table",
        "`self.fc(x) + self.table`: self.fc(x) is f32[2, 5, 8] on meta (the output of the layer `fc`), self.table is "
        "f32[5, 8] on cpu (`torch.zeros(5, 8)`, line 23, neither parameter nor buffer)\n"
        "RuntimeError: Tensor on device cpu is not on the expected device meta!",
        "`to`, `cuda` and `half` change parameters and buffers, no other attribute",
    ),
    "Halved": (
        "return self.fc(x)",
        "`self.fc(x)`: x is f32[2, 5, 8] (`x + self.table`, line 39), self.fc.weight is f16[4, 8] (`nn.Linear(8, 4)`, "
        "line 36)\n"
        "RuntimeError: mat1 and mat2 must have the same dtype, but got Float and Half",
        None,
    ),
    "Splats": (
        "return Render.apply(points, self.colors, self.opacity, self.scales, 2)",
        "the backward pass fails: RuntimeError: Function RenderBackward returned an invalid gradient at index 3 - got "
        "[6, 2] but expected shape compatible with [6, 3]\n"
        "the gradient is that of `self.scales`, which is f32[6, 3]: a parameter, made by "
        "`nn.Parameter(torch.rand(count, 3))`, line 63",
        "`backward` of an autograd.Function has to return a gradient of the shape of each input",
    ),
    "Regressor": (
        "return self.mlp(x)",
        "`self.mlp(x)`: an input is f32[3, 32] (32: `self.mlp[0]`, line 79), self.mlp.2.weight is f32[16, 12] (12: "
        "`nn.Linear(size, width)`, line 79)\n"
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x32 and 12x16)",
        None,
    ),
    "Labels": (
        "return F.binary_cross_entropy(self.head(x).sigmoid(), labels)",
        "`F.binary_cross_entropy(self.head(x).sigmoid(), labels)`: self.head(x).sigmoid() is f32[4, 1], labels is "
        "i64[4, 1] (an argument of the call)\n"
        "RuntimeError: Found dtype Long but expected Float",
        None,
    ),
    "Operator": (
        "return double(self.fc(x))",
        "the operator aotlens_reports::double has no implementation for fake tensors, so that the call cannot be "
        "captured\n"
        "`self.fc(x)` is f32[3, 4]: the output of the layer `fc`, line 129",
        "register one with torch.library.register_fake",
    ),
    "Policy": (
        "dist = torch.distributions.Normal(self.fc(x), 1.0 + self.fc(x).abs())",
        "the value of a tensor is needed to go on (aten._local_scalar_dense.default), but tracing knows shapes only: a "
        "branch, .item(), int() or bool() depends on data here",
        "a distribution checks the values of its arguments: make it with validate_args=False",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure(report: Report, name: str) -> None:
    code, message, hint = FAILURES[name]
    trace = report("failures_more", name)
    assert _code("failures_more", trace["failure"]["line"]) == code
    assert _message(trace) == message
    assert (trace["failure"]["hint"] or "").startswith(hint or "\0" * bool(trace["failure"]["hint"]))
    assert trace["failure"]["stage"] == ("capture" if name in ("Operator", "Policy") else "forward")
