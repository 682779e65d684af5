"""A number is passed for an argument whose name says nothing."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, thing):
        super().__init__()
        self.total = sum(thing)


GIVEN = {"thing": Written("64")}
PROPOSES = [
    "Net(thing=(64, 64))",
    "Net(thing=torch.nn.Identity())",
]
