"""Guesses that pass the optional arguments which lead to a loss."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest

from aotlens_tracer.examples.inferred.search import Search
from aotlens_tracer.graph.birthplaces import Birthplaces

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
