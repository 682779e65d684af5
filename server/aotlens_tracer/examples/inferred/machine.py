"""The machine as guesses see it: no hubs to load from, and no error for CUDA if there is none."""

from __future__ import annotations

import os

import torch
from torch import nn

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "DIFFUSERS_OFFLINE", "WANDB_DISABLED")
"""Environment variables that tell libraries to load nothing from a hub, without retries."""


def prepare() -> None:
    """Set up this process before the user's file is imported. The process is a child that ends with its trace."""
    for name in _OFFLINE:
        os.environ[name] = "1"
    if not torch.cuda.is_available():
        nn.Module.cuda = lambda self, device=None: self  # type: ignore[method-assign]  # no CUDA here
        torch.Tensor.cuda = lambda self, *args, **kwargs: self  # type: ignore[method-assign]  # no CUDA here
