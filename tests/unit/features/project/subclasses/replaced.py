"""Weights that are replaced after their layers were made, as `quantize_` of torchao does."""

from torch import nn
from torch.testing._internal.two_tensor import TwoTensor


def double(linear):
    linear.weight = nn.Parameter(TwoTensor(linear.weight.detach(), linear.weight.detach().clone()))


# aotlens: Net(8)(torch.randn(2, 8))
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.layers = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(2)])
        for module in (self.first, *self.layers):
            double(module)

    def forward(self, x):
        x = nn.functional.linear(x, self.first.weight, self.first.bias)
        for layer in self.layers:
            x = layer(x)
        return x
