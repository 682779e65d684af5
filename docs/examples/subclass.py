"""A tensor subclass of your own: a weight of integers with a scale for each row."""

import torch
from torch import nn
from torch.utils._pytree import tree_map_only


class Scaled(torch.Tensor):
    """Integers with a scale for each row; every operation runs on their product."""

    @staticmethod
    def __new__(cls, integers, scale, bits):
        return torch.Tensor._make_wrapper_subclass(cls, integers.shape, dtype=scale.dtype, device=scale.device)

    def __init__(self, integers, scale, bits):
        self.integers, self.scale, self.bits = integers, scale, bits

    def __tensor_flatten__(self):
        return ["integers", "scale"], {"bits": self.bits}

    @classmethod
    def __tensor_unflatten__(cls, inner, context, outer_size, outer_stride):
        return cls(inner["integers"], inner["scale"], context["bits"])

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        if func in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            return cls(func(args[0].integers), func(args[0].scale), args[0].bits)
        args, kwargs = tree_map_only(cls, lambda t: t.integers.to(t.dtype) * t.scale, (args, kwargs or {}))
        return func(*args, **kwargs)

    __torch_function__ = torch._C._disabled_torch_function_impl


class ScaledLinear(nn.Module):
    def __init__(self, width):
        super().__init__()
        integers = torch.randint(-128, 128, (width, width), dtype=torch.int8)
        self.weight = nn.Parameter(Scaled(integers, torch.rand(width, 1), 8))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return nn.functional.linear(x, self.weight, self.bias)


# aotlens: Mlp(64)(torch.randn(2, 64))
class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(*[ScaledLinear(width) for _ in range(4)])

    def forward(self, x):
        return self.layers(x).relu()
