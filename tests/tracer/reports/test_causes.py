"""Causes of missing gradients, as public reports have them."""

from __future__ import annotations

import pytest

from .conftest import Report

CASES = [
    (
        "case07_func_grad_custom_backward",
        "Energy",
        "b",
        30,
        "cut off by `torch.func.grad(self.energy)(x)` on line 30, a derivative that does not depend on it: "
        "additive constants vanish",
    ),
    *(
        (
            "case07_func_grad_custom_backward",
            "ForceNoGraph",
            name,
            54,
            "cut off by `torch.autograd.grad(e, pos)` on line 54, a derivative without create_graph=True",
        )
        for name in ("lin.weight", "lin.bias", "out.bias")
    ),
    (
        "case07_func_grad_custom_backward",
        "Force",
        "out.bias",
        45,
        "cut off by `torch.autograd.grad(e, pos, create_graph=True)` on line 45, a derivative that does not depend on "
        "it: additive constants vanish",
    ),
    (
        "case09_vmap_ensemble",
        "Hyper",
        "target.weight",
        45,
        "nothing that is returned depends on its values: only a shape, dtype or device is read, "
        "by `self.gen(x.mean(0)).view_as(self.target.weight)` on line 45",
    ),
    *(
        (
            "case15_shape_only_use",
            "ShapeOnly",
            name,
            line,
            "nothing that is returned depends on its values: only a shape, dtype or device is read, "
            f"by `{expression}` on line {line}",
        )
        for name, line, expression in (
            ("a", 21, "torch.zeros_like(self.a)"),
            ("b", 22, "h.view_as(self.b)"),
            ("c", 23, "h.to(self.c)"),
            ("d", 24, "h.type_as(self.d)"),
            ("e", 25, "self.e.shape"),
            ("f", 26, "self.f.new_zeros(3, 4)"),
        )
    ),
    (
        "case15_shape_only_use",
        "FuncGrad",
        "out.bias",
        43,
        "cut off by `torch.func.grad(self.energy)(x)` on line 43, a derivative that does not depend on it: "
        "additive constants vanish",
    ),
    (
        "case15_shape_only_use",
        "Jac",
        "shift",
        57,
        "cut off by `torch.func.jacrev(self.f)(x)` on line 57, a derivative that does not depend on it: "
        "additive constants vanish",
    ),
    (
        "case26_views_config",
        "Rebuilt",
        "base",
        55,
        "only the constructor uses it, by `nn.Parameter(self.base * 2)` on line 55, which makes a new parameter",
    ),
    *(
        (
            "case22_hooks_layers",
            "EvalBackbone",
            name,
            95,
            "used under torch.inference_mode() only, by `self.backbone(x)` on line 95",
        )
        for name in ("backbone.0.weight", "backbone.0.bias", "backbone.1.weight", "backbone.1.bias")
    ),
]


@pytest.mark.parametrize(("file", "qualname", "name", "line", "why"), CASES, ids=lambda value: str(value)[:20])
def test_the_cause_of_a_missing_gradient(
    report: Report, file: str, qualname: str, name: str, line: int, why: str
) -> None:
    (finding,) = [each for each in report(file, qualname)["findings"] if each.get("name") == name]
    assert finding["code"] == "parameter-without-gradient"
    assert finding["message"] == f"{name} gets no gradient: {why}"
    assert [place["line"] for place in finding["related"]] == [line]


QUANTISED = "case20_quant_complex_autocast"
ZERO = [
    ("Lsq", "lin.weight", 17, "the derivative of `torch.round(self.lin.weight / self.scale)` on line 17 is zero"),
    ("Lsq", "zero", 18, "the derivative of `self.zero.round()` on line 18 is zero everywhere"),
    ("RealPart", "im", 67, "`(x * w).real` on line 67 takes a part that does not depend on it"),
]


@pytest.mark.parametrize(("qualname", "name", "line", "why"), ZERO, ids=lambda value: str(value)[:20])
def test_a_gradient_that_is_zero_whatever_the_values_are(
    report: Report, qualname: str, name: str, line: int, why: str
) -> None:
    (finding,) = [each for each in report(QUANTISED, qualname)["findings"] if each["name"] == name]
    assert finding["code"] == "gradient-always-zero"
    assert finding["message"].startswith(f"{name} always gets a gradient of zero: {why}")
    assert [place["line"] for place in finding["related"]] == [line]
    assert finding["severity"] == "warning"


def test_a_scale_that_rounding_does_not_cut_off_is_not_said_to_get_zeros(report: Report) -> None:
    assert {each["name"] for each in report(QUANTISED, "Lsq")["findings"]} == {"lin.weight", "zero"}
