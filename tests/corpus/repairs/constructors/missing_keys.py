"""The constructor reads a key of its keyword arguments."""

from __future__ import annotations

from torch import nn


class Net(nn.Module):
    def __init__(self, **settings):
        super().__init__()
        self.fc = nn.Linear(settings["hidden_size"], 10)


GIVEN = {}
PROPOSES = [
    "Net(hidden_size=128)",
]
