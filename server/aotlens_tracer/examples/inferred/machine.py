"""What a guess has to do without: hubs to load from, and CUDA where there is none."""

from __future__ import annotations

import os

import torch
from torch import nn

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "DIFFUSERS_OFFLINE", "WANDB_DISABLED")
"""Tell libraries that load from a hub to do without, at once and not after a number of tries."""


def prepare() -> None:
    """Set up this process, which is a child that ends with its trace, before the user's file is imported."""
    for name in _OFFLINE:
        os.environ[name] = "1"
    if not torch.cuda.is_available():
        nn.Module.cuda = lambda self, device=None: self  # type: ignore[method-assign]
        torch.Tensor.cuda = lambda self, *args, **kwargs: self  # type: ignore[method-assign]
