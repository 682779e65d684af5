"""Recorded shapes are those of a run on real tensors, in models of kinds that people write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import torch

from support import CORPUS

from .against_real_runs import Build, compare, of

FLOOR = 0.99
"""The share of executed tensor assignments that are recorded with the shape and dtype of the real run."""


@pytest.fixture(scope="module", autouse=True)
def sources() -> Iterator[None]:
    """Import models from these folders, also where another test has imported a file of the same name."""
    folders = [str(CORPUS / "values"), str(CORPUS / "truth")]
    names = ("models", "vit")
    with pytest.MonkeyPatch.context() as patch:
        for folder in folders:
            patch.syspath_prepend(folder)
        for name in names:
            patch.delitem(sys.modules, name, raising=False)
        yield
        for name in names:
            sys.modules.pop(name, None)


def own(name: str) -> Build:
    import models

    return of(getattr(models, name), lambda: models.inputs_of(name))


def vision() -> Build:
    import vit

    return of(vit.Classifier, lambda: (torch.randn(2, 3, 32, 32),))


def llama() -> Build:
    transformers: Any = pytest.importorskip("transformers")
    configuration = transformers.LlamaConfig(
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=100,
    )
    return of(
        lambda: transformers.LlamaForCausalLM(configuration),
        lambda: (torch.randint(100, (2, 8)),),
        labels=torch.zeros(2, 8, dtype=torch.long),
    )


@pytest.mark.parametrize(
    ("build", "weights", "least"),
    [
        pytest.param(lambda: own("GPT"), "fake", 50, id="GPT"),
        pytest.param(vision, "fake", 25, id="ViT"),
        pytest.param(llama, "fake", 80, id="Llama"),
        pytest.param(lambda: own("UNet"), "fake", 10, id="U-Net"),
        pytest.param(lambda: own("Tagger"), "real", 20, id="LSTM tagger"),
        pytest.param(lambda: own("Mixture"), "real", 20, id="mixture of experts"),
    ],
)
def test_shapes_are_those_of_a_real_run(build: Any, weights: str, least: int) -> None:
    compared = compare(build())
    assert compared.executed >= least
    assert compared.share >= FLOOR, compared.missed
    assert compared.weights == weights


def test_the_share_counts_what_is_not_recorded(tmp_path: Any) -> None:
    path = tmp_path / "unread.py"
    path.write_text(
        "from torch import nn\nclass Net(nn.Module):\n    def forward(self, x):\n        y = x + 1\n        return y\n"
    )
    module = ModuleType("unread")
    module.__file__ = str(path)
    exec(compile(path.read_text(), str(path), "exec"), vars(module))
    compared = compare(of(module.Net, lambda: (torch.rand(3),)), (str(path),))
    assert (compared.executed, compared.agreeing) == (1, 0)
