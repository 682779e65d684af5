"""The message says which setting the class can be built with."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, width, self_loops=True):
        super().__init__()
        if self_loops:
            raise ValueError("self loops are not supported. Please add them before, and set `self_loops=False`.")
        self.fc = nn.Linear(width, width)


GIVEN = {"width": Written("64")}
PROPOSES = [
    "Net(width=64, self_loops=False)",
]
