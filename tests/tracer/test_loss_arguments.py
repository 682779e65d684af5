"""Guesses that pass the optional arguments which lead to a loss."""

from __future__ import annotations

import ast
import gc
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from aotlens_tracer.examples.changed_call import changed_arguments, changed_text
from aotlens_tracer.examples.evaluate import build
from aotlens_tracer.examples.inferred.search import Search
from aotlens_tracer.failures import TraceError
from aotlens_tracer.graph.birthplaces import Birthplaces
from aotlens_tracer.wire.problems import NoValueFound
from aotlens_tracer.wire.protocol import ExampleSource
from support import trace_json

FILE = Path(__file__).parent.parent / "corpus" / "loss" / "models.py"
CASES = {
    "GPT": ("torch.randint(128, (2, 16)), torch.randint(128, (2, 16))", ("targets",)),
    "Regression": ("torch.randn(2, 16, 8), torch.randn(2, 16, 3)", ("y",)),
    "Flag": ("torch.randint(100, (2, 16)), True", ("return_loss",)),
    "Classifier": ("torch.randn(2, 3, 224, 224), labels=torch.randint(5, (2,))", ("labels",)),
    "Binary": ("torch.randn(2, 16, 8), torch.randn(2, 16)", ("target",)),
    "ByHand": ("torch.randn(2, 16, 8), torch.randn(2, 16, 8)", ("gt",)),
    "Spans": (
        "torch.randint(50, (2, 16)), torch.randint(16, (2,)), torch.randint(16, (2,))",
        ("starts", "ends"),
    ),
    "Inner": ("torch.randint(128, (2, 16)), torch.randint(128, (2, 16))", ("labels",)),
    "Weighted": ("torch.randn(2, 16, 8)", ()),
    "Unguessable": ("torch.randn(2, 16, 8)", ()),
}
"""The arguments of the call that is guessed for each class, and those that it passes for the sake of the loss."""


@pytest.fixture(scope="module")
def models() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("loss_models", FILE)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", CASES)
def test_a_guess_passes_the_arguments_that_lead_to_a_loss(name: str, models: types.ModuleType) -> None:
    arguments, tried_with = CASES[name]
    guess = Search(getattr(models, name), models, Birthplaces(), None).run()
    assert (guess.expression, guess.tried_with) == (f"{name}()({arguments})", tried_with)


def test_a_guess_for_evaluation_asks_for_no_loss(models: types.ModuleType) -> None:
    guess = Search(models.GPT, models, Birthplaces(), False).run()
    assert (guess.expression, guess.tried_with) == ("GPT()(torch.randint(128, (2, 16)))", ())


def test_an_attempt_at_a_loss_that_fails_is_noted(models: types.ModuleType) -> None:
    search = Search(models.Unguessable, models, Birthplaces(), None)
    search.run()
    assert "loss" in [attempt.rule for attempt in search.attempts]


def changed(models: types.ModuleType, text: str, passed: str = "", left_out: str = "") -> tuple[str, str]:
    """The text of an example whose call passes and leaves out these arguments, and the names of those it calls with."""
    source = ExampleSource(text, "pinned", passed=tuple(passed.split()), left_out=tuple(left_out.split()))
    example = build(source, models, Birthplaces(), None, lambda problem: None)
    new = changed_text(source, example, models, Birthplaces())
    recorded = changed_arguments(source, example, models, Birthplaces())
    return new.expression, " ".join(recorded.kwargs)


def test_an_argument_is_passed_or_left_out_whatever_an_example_says(models: types.ModuleType) -> None:
    ids, targets = "torch.randint(128, (3, 7))", "torch.randint(128, (3, 7))"
    assert changed(models, f"GPT()({ids})", passed="targets") == (f"GPT()({ids}, targets={targets})", "idx targets")
    assert changed(models, f"GPT()({ids}, {targets})", left_out="targets") == (f"GPT()({ids})", "idx")
    assert changed(models, f"Flag()({ids}); ids: dynamic(0)", passed="return_loss") == (
        f"Flag()({ids}, return_loss=True); ids: dynamic(0)",
        "ids return_loss",
    )
    given = "torch.randn(2, 3, 8, 8), torch.ones(2), torch.randint(5, (2,))"
    assert changed(models, f"Classifier()({given})", left_out="mask") == (
        "Classifier()(torch.randn(2, 3, 8, 8), labels=torch.randint(5, (2,)))",
        "image labels",
    )


def test_an_argument_that_cannot_be_guessed_is_told(models: types.ModuleType) -> None:
    with pytest.raises(TraceError) as raised:
        changed(models, "Unguessable()(torch.randn(2, 8))", passed="labels")
    assert isinstance(raised.value.failure.problem, NoValueFound)
    assert raised.value.failure.problem.arguments == ("labels",)


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    answer = trace_json(FILE.name, "--partitioner", "eager", cwd=FILE.parent)
    return {trace["target"]["qualname"]: trace for trace in answer["traces"]}


def scalars(result: Any) -> list[torch.Tensor]:
    items = result.values() if isinstance(result, dict) else result if isinstance(result, tuple) else []
    found = [each for item in items for each in scalars(item)]
    return [result] if isinstance(result, torch.Tensor) and result.dim() == 0 else found


@pytest.mark.parametrize("name", ["Probed", *(name for name, (_, tried_with) in CASES.items() if tried_with)])
def test_memory_and_gradients_are_those_of_a_real_training_step(
    name: str, models: types.ModuleType, traces: dict[str, dict[str, Any]]
) -> None:
    trace = traces[name]
    call = ast.parse(trace["example"]["pin"], mode="eval").body
    assert isinstance(call, ast.Call)
    names = {"torch": torch, **vars(models)}
    module = eval(ast.unparse(call.func), names)
    collected = ast.Call(ast.Name("collect", ast.Load()), call.args, call.keywords)
    args, kwargs = eval(ast.unparse(collected), {**names, "collect": lambda *args, **kwargs: (args, kwargs)})
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        result = module(*args, **kwargs)
        gc.collect()
    memory = trace["graphs"][0]["eager_memory"]
    grown = sum(event.self_cpu_memory_usage for event in recorded.events())
    assert memory["held"] + memory["returned"] == pytest.approx(grown, rel=0.01)

    sum(scalars(result), torch.zeros(())).backward()
    without = {name for name, parameter in module.named_parameters() if parameter.grad is None}
    found = [finding for finding in trace["findings"] if finding["code"] == "parameter-without-gradient"]
    assert {subject["name"] for finding in found for subject in finding["subjects"]} == without
    assert trace["eager_run"]["of_loss"]
    assert without == ({"probe.weight", "probe.bias"} if name == "Probed" else set())
