"""The weights that a default names would be downloaded."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, width, encoder_weights="imagenet"):
        super().__init__()
        if encoder_weights is not None:
            raise ConnectionError(f"cannot reach https://example.com/{encoder_weights}.pt")
        self.fc = nn.Linear(width, width)


GIVEN = {"width": Written("64")}
PROPOSES = [
    "Net(width=64, encoder_weights=None)",
]
