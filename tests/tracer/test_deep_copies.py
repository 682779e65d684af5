"""`copy.deepcopy` of fake tensors: the copy is of the same mode, and knows the values that the tensor knows."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch import nn

from aotlens_tracer.examples.fake_modules import fake_constructors
from aotlens_tracer.graph.birthplaces import Birthplaces
from aotlens_tracer.torch_private import DataDependentOutputException, FakeTensor, fake_mode


class Schedule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.tied = self.layer.weight
        self.register_buffer("rates", torch.linspace(0, 1, 5))
        self.register_buffer("scale", torch.tensor(2.0))


def test_a_copied_module_is_a_module_of_the_same_mode() -> None:
    mode = fake_mode()
    with fake_constructors(mode, Birthplaces()), warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule = Schedule()
        copied = copy.deepcopy(schedule)
        assert copied.rates.tolist() == [0, 0.25, 0.5, 0.75, 1]
        assert copied.scale.item() == 2
    for tensor in (*copied.parameters(), *copied.buffers()):
        assert isinstance(tensor, FakeTensor)
        assert tensor.fake_mode is mode
    assert isinstance(copied.layer.weight, nn.Parameter)
    assert copied.layer.weight is copied.tied
    assert copied.layer.weight is not schedule.layer.weight
    with mode:
        assert (copied.layer.weight + schedule.layer.weight).shape == (4, 4)


def test_the_values_of_a_copy_are_forgotten_too_and_are_its_own() -> None:
    mode = fake_mode()
    with fake_constructors(mode, Birthplaces()):
        rates = torch.linspace(0, 1, 5)
        copied = copy.deepcopy(rates)
        copied.add_(1)
        assert (rates[0].item(), copied[0].item()) == (0, 1)
        copied[0] = torch.rand(())
        with pytest.raises(DataDependentOutputException):
            copied[0].item()
        assert rates[0].item() == 0
        kept = copy.deepcopy(rates)
    with mode, pytest.raises(DataDependentOutputException):
        kept[0].item()
