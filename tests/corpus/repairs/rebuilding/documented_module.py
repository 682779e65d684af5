"""A module that is built with a function that it cannot call; its docstring builds it with another one."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor, Written


class Net(nn.Module):
    """Applies functions in turn: `Net(8, steps=(torch.tanh, torch.sin))`."""

    def __init__(self, dim, steps):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        self.steps = steps

    def forward(self, x):
        for step in self.steps:
            x = step(self.fc(x))
        return x


BUILT_WITH = {"dim": Written("64"), "steps": Written("(2, 2)")}
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = ["Net(dim=8, steps=(torch.tanh, torch.sin))"]
