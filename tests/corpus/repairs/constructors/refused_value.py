"""A default that the class itself refuses, and one that only another branch of the same condition takes."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, width, r=0):
        super().__init__()
        self.add(r, width)

    def add(self, r, width):
        if r > 0 and width > 0:
            pass
        elif r > 0 and width == 0:
            raise TypeError("nothing to project")
        else:
            raise ValueError(f"`r` should be a positive integer value but the value passed is {r}")
        self.down = nn.Linear(width, r)


GIVEN = {"width": Written("64")}
PROPOSES = [
    "Net(width=64, r=4)",
    "Net(width=64, r=5)",
    "Net(width=64, r=1)",
]
