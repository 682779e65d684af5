"""Causes of missing gradients, as public reports have them."""

from __future__ import annotations

import pytest

from support import CORPUS

from ..real_gradients import missing_and_zero, pins
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


MORE = "causes_more"
COPIES = "which copies its values into a new tensor"
CONSTANT = "a derivative that does not depend on it: additive constants vanish"
NO_GRAPH = "a derivative without create_graph=True"
SINGLE = "is over a single element in this example, so that its result never changes"
MISSING = [
    ("Rotation", "angle", f"cut off by `torch.tensor([[cos, -sin], [sin, cos]])` on line {{line}}, {COPIES}"),
    ("Pinn", "last.bias", f"`torch.autograd.grad(u.sum(), t, create_graph=True)` on line {{line}}, {CONSTANT}"),
    ("Critic", "score.0.weight", f"`torch.autograd.grad(self.score(mixed).sum(), mixed)` on line {{line}}, {NO_GRAPH}"),
    ("JoinedInForward", "shared", "on line {line}, which makes a new parameter of its values"),
    ("JoinedInForward", "private", "on line {line}, which makes a new parameter of its values"),
    ("Temperature", "temperature", "`self.temperature.item()` on line {line}, which makes a Python number of it"),
    ("Threshold", "radius", "`points.norm(dim=1) < self.radius` on line {line}, which gives booleans"),
    (
        "GaussianBlur",
        "sigma",
        "only the constructor uses it, by `torch.exp(-0.5 * (distance / self.sigma.detach()) ** 2)`",
    ),
    ("Positions", "table", "only a shape, dtype or device is read, by `len(self.table)` on line {line}"),
    ("HardRouter", "router.weight", "`self.router(x).softmax(-1).argmax(-1)` on line {line}, which gives integers"),
]
ZEROS = [
    ("OneLogit", "hidden.weight", f"`F.softmax(self.out(h), dim=1)` on line {{line}} {SINGLE}", "warning"),
    ("BinaryConv", "weight", "the derivative of `self.weight.sign()` on line {line} is zero everywhere", "warning"),
    ("OneStep", "inner.weight", "`self.inner(state)` on line {line} multiplies by zero", "hint"),
    ("KeptAlive", "idle.bias", "`0.0 * unused` on line {line} multiplies by zero", "hint"),
    (
        "ComplexFilter",
        "sine",
        "`(response * x).real` on line {line} takes a part that does not depend on it",
        "warning",
    ),
]


@pytest.mark.parametrize(("qualname", "name", "words"), MISSING, ids=lambda value: str(value)[:20])
def test_more_causes_of_missing_gradients(report: Report, qualname: str, name: str, words: str) -> None:
    (finding,) = [each for each in report(MORE, qualname)["findings"] if each["name"] == name]
    (place,) = finding["related"]
    assert finding["code"] == "parameter-without-gradient"
    assert words.format(line=place["line"]) in finding["message"]


@pytest.mark.parametrize(("qualname", "name", "words", "severity"), ZEROS, ids=lambda value: str(value)[:20])
def test_more_gradients_of_zero(report: Report, qualname: str, name: str, words: str, severity: str) -> None:
    (finding,) = [each for each in report(MORE, qualname)["findings"] if each["name"] == name]
    (place,) = finding["related"]
    assert finding["code"] == "gradient-always-zero"
    assert words.format(line=place["line"]) in finding["message"]
    assert finding["severity"] == severity


FILES = {
    "case09_vmap_ensemble": (),
    "case15_shape_only_use": (),
    "case20_quant_complex_autocast": (),
    "case22_hooks_layers": ("Drop",),  # draws a random number, which decides what it runs
    "case26_views_config": ("BufferGraph", "ConstCache"),  # the first backward gives them one, the second fails
    MORE: (),
}


@pytest.mark.parametrize("file", FILES)
def test_eager_on_real_tensors_agrees(report: Report, file: str) -> None:
    """Of each class exactly those parameters get no gradient, or zeros, of which it is said."""
    checked = 0
    for qualname, pin in pins(CORPUS / "reports" / f"{file}.py").items():
        trace = report(file, qualname)
        if qualname in FILES[file] or trace["status"] != "traced":
            continue
        checked += 1
        said = {code: {each["name"] for each in trace["findings"] if each["code"] == code} for code in CODES}
        missing, zero = missing_and_zero(CORPUS / "reports" / f"{file}.py", pin)
        assert said["parameter-without-gradient"] == missing, qualname
        assert said["gradient-always-zero"] == zero, qualname
    assert checked


CODES = ("parameter-without-gradient", "gradient-always-zero")
