"""Tensors made from numbers keep their values while a module is built, and no longer."""

from __future__ import annotations

import pytest
import torch

from aotlens_tracer.torch_private import DataDependentOutputException, fake_mode, readable_constants


def test_values_are_kept_within_and_forgotten_after() -> None:
    mode = fake_mode()
    with mode, readable_constants(mode):
        rates = torch.linspace(0, 1, 5)
        assert rates.tolist() == [0, 0.25, 0.5, 0.75, 1]
        assert rates.cumsum(0)[3].item() == 1.5
        view = rates[2]
        assert rates.add_(1)[0].item() == 1
    for tensor in (rates[1], view):
        with mode, pytest.raises(DataDependentOutputException):
            tensor.item()


def test_what_is_drawn_has_no_values() -> None:
    mode = fake_mode()
    with mode, readable_constants(mode):
        rates = torch.linspace(0, 1, 5)
        rates[0] = torch.rand(())
        with pytest.raises(DataDependentOutputException):
            rates[0].item()
