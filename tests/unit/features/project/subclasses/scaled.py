"""Tensor subclasses: one of the user's own, and torch's `TwoTensor`, one inside another."""

import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils._pytree import tree_map_only


class Scaled(torch.Tensor):
    """Integers with a scale for each row; every operation runs on their product."""

    @staticmethod
    def __new__(cls, data, scale, block):
        return torch.Tensor._make_wrapper_subclass(cls, data.shape, dtype=scale.dtype, device=data.device)

    def __init__(self, data, scale, block):
        self.data_, self.scale, self.block = data, scale, block

    def __tensor_flatten__(self):
        return ["data_", "scale"], {"block": self.block}

    @classmethod
    def __tensor_unflatten__(cls, inner, context, outer_size, outer_stride):
        return cls(inner["data_"], inner["scale"], context["block"])

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        if func in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            return cls(func(args[0].data_), func(args[0].scale), args[0].block)
        args, kwargs = tree_map_only(cls, lambda t: t.data_.to(t.dtype) * t.scale, (args, kwargs or {}))
        return func(*args, **kwargs)

    __torch_function__ = torch._C._disabled_torch_function_impl


def two(*shape):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape))


class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(two(width, width))

    def forward(self, x):
        return x @ self.weight


# aotlens: Net(8)(torch.randn(2, 8))
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        integers = torch.randint(-128, 127, (width, width), dtype=torch.int8)
        self.first = nn.Parameter(Scaled(integers, torch.rand(width, 1), 32))
        self.layers = nn.ModuleList([Layer(width) for _ in range(3)])
        self.mix = nn.Parameter(TwoTensor(two(width, width), two(width, width)))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        x = nn.functional.linear(x, self.first)
        for layer in self.layers:
            x = layer(x)
        y = x.a @ self.mix + self.bias
        return x, y
