"""Submodules that break inside. They stand apart: the test traces each class of a file."""

import torch
from torch import nn


@torch.compiler.disable
def not_compiled(h):
    """Run in eager."""
    return h * 2


class Inner(nn.Module):
    """A submodule that breaks inside."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 8))

    def forward(self, h):
        return not_compiled(h @ self.weight).tanh()


class Layer(nn.Module):
    """One of several equal layers."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.proj = nn.Linear(8, 8)

    def forward(self, h):
        h = self.norm(h)
        torch._dynamo.graph_break()
        return self.proj(h)
