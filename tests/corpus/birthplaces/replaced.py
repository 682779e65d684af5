"""Parameters that are replaced or moved after they were made. Each line that a test looks for is unique."""

import copy

import torch
from torch import nn
from torch.nn.utils.parametrize import register_parametrization
from torch.testing._internal.two_tensor import TwoTensor
from torchao.float8 import convert_to_float8_training
from torchao.quantization import Int8WeightOnlyConfig, quantize_


class Double(nn.Module):
    def forward(self, x):
        return x * 2


class Own(nn.Linear):
    def __init__(self):
        super().__init__(32, 32)
        self.weight = nn.Parameter(torch.zeros(32, 32))


class Wrapper(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base

    def forward(self, x):
        return self.base(x)


# aotlens: Replaced()(torch.randn(16, 32))
class Replaced(nn.Module):
    def __init__(self):
        super().__init__()
        self.quantized = nn.Sequential(nn.Linear(32, 32))
        self.float8 = nn.Sequential(nn.Linear(32, 32))
        self.parametrized = nn.Linear(32, 32)
        self.swapped = nn.Linear(32, 32)
        self.loop = nn.Sequential(*[nn.Linear(32, 32) for _ in range(2)])
        self.own = Own()
        self.wrapped = nn.Sequential(nn.Linear(32, 32))
        self.table = nn.Linear(32, 32, bias=False)
        self.head = nn.Linear(32, 32, bias=False)
        self.loaded = nn.Linear(32, 32)
        self.copied = copy.deepcopy(self.quantized)
        quantize_(self.quantized, Int8WeightOnlyConfig())
        quantize_(self.copied, Int8WeightOnlyConfig())
        convert_to_float8_training(self.float8)
        register_parametrization(self.parametrized, "weight", Double())
        torch.utils.swap_tensors(self.swapped.weight, nn.Parameter(torch.ones(32, 32)))
        for layer in self.loop:
            layer.weight = nn.Parameter(TwoTensor(layer.weight.detach(), layer.weight.detach().clone()))
        self.wrapped[0] = Wrapper(self.wrapped[0])
        self.head.weight = self.table.weight
        self.loaded.load_state_dict(
            {name: value.clone() for name, value in self.loaded.state_dict().items()}, assign=True
        )

    def forward(self, x):
        for layer in (
            self.quantized,
            self.copied,
            self.float8,
            self.parametrized,
            self.swapped,
            self.own,
            self.wrapped,
        ):
            x = layer(x)
        return self.loop(self.loaded(self.head(self.table(x))))
