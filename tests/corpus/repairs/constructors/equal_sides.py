"""Two sizes must be equal."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, key_dim, value_dim):
        super().__init__()
        if key_dim != value_dim:
            raise ValueError("keys and values must have one width")


GIVEN = {"key_dim": Written("64"), "value_dim": Written("16")}
PROPOSES = [
    "Net(key_dim=16, value_dim=16)",
    "Net(key_dim=64, value_dim=64)",
]
