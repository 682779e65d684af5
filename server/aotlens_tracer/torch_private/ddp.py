"""Private parts of DistributedDataParallel."""

from __future__ import annotations

from torch import nn


def ignored_by_ddp(module: nn.Module) -> frozenset[str]:
    """Return the names that DDP is told to ignore when it wraps a module.

    They are those of `DistributedDataParallel._set_params_and_buffers_to_ignore_for_model`.
    """
    return frozenset(getattr(module, "_ddp_params_and_buffers_to_ignore", ()))
