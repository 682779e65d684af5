"""Tensor subclasses that break the flatten protocol, each in one way."""

import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils import _pytree as pytree


class Scaled(torch.Tensor):
    """int8 data and a scale; every operation dequantizes."""

    @staticmethod
    def __new__(cls, data, scale, block=32):
        return torch.Tensor._make_wrapper_subclass(cls, data.shape, dtype=torch.float32, device=data.device)

    def __init__(self, data, scale, block=32):
        self.data_, self.scale, self.block = data, scale, block

    def __tensor_flatten__(self):
        return ["data_", "scale"], {"block": self.block}

    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return cls(inner["data_"], inner["scale"], ctx["block"])

    def dequantize(self):
        return self.data_.float() * self.scale

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        if func in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            return cls(func(args[0].data_), func(args[0].scale), args[0].block)
        args, kwargs = pytree.tree_map_only(Scaled, lambda t: t.dequantize(), (args, kwargs or {}))
        return func(*args, **kwargs)

    __torch_function__ = torch._C._disabled_torch_function_impl


class NoFlatten(torch.Tensor):
    @staticmethod
    def __new__(cls, data, scale, block=32):
        return torch.Tensor._make_wrapper_subclass(cls, data.shape, dtype=torch.float32, device=data.device)

    def __init__(self, data, scale, block=32):
        self.data_, self.scale, self.block = data, scale, block

    def dequantize(self):
        return self.data_.float() * self.scale

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        if func in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            return cls(func(args[0].data_), func(args[0].scale), args[0].block)
        args, kwargs = pytree.tree_map_only(cls, lambda t: t.dequantize(), (args, kwargs or {}))
        return func(*args, **kwargs)

    __torch_function__ = torch._C._disabled_torch_function_impl


class NoUnflatten(NoFlatten):
    def __tensor_flatten__(self):
        return ["data_", "scale"], None


class NullUnflatten(Scaled):
    __tensor_unflatten__ = None


class NotATensor(Scaled):
    def __tensor_flatten__(self):
        return ["data_", "scale", "block"], {}


class NoSuchAttribute(Scaled):
    def __tensor_flatten__(self):
        return ["data_", "zero_point"], {"block": self.block}


class FewArguments(Scaled):
    @classmethod
    def __tensor_unflatten__(cls, inner, ctx):
        return cls(inner["data_"], inner["scale"], ctx["block"])


class NoClassMethod(Scaled):
    def __tensor_unflatten__(self, inner, ctx, outer_size, outer_stride):
        return NoClassMethod(inner["data_"], inner["scale"], ctx["block"])


class WrongKey(Scaled):
    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return cls(inner["data_"], inner["scales"], ctx["block"])


class FlattensToDict(Scaled):
    def __tensor_flatten__(self):
        return {"data_": self.data_, "scale": self.scale}


class FlattensToTensors(Scaled):
    def __tensor_flatten__(self):
        return [self.data_, self.scale], {"block": self.block}


class FlattensToNames(Scaled):
    def __tensor_flatten__(self):
        return ["data_", "scale"]


class NoReturn(Scaled):
    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        cls(inner["data_"], inner["scale"], ctx["block"])


class OtherType(Scaled):
    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return inner["data_"].float()


class TensorInContext(Scaled):
    def __tensor_flatten__(self):
        return ["data_"], {"scale": self.scale, "block": self.block}

    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return cls(inner["data_"], ctx["scale"], ctx["block"])


class Unhashable(Scaled):
    def __tensor_flatten__(self):
        return ["data_", "scale"], [self.block, {"a": [1]}]

    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return cls(inner["data_"], inner["scale"], ctx[0])


class NoneListed(Scaled):
    def __tensor_flatten__(self):
        self.zero = None
        return ["data_", "scale", "zero"], {"block": self.block}


class ChangedContext(Scaled):
    """a context that is new for each tensor"""

    def __tensor_flatten__(self):
        return ["data_", "scale"], {"block": object()}

    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return cls(inner["data_"], inner["scale"], 32)


class OtherShape(Scaled):
    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return cls(inner["data_"].t(), inner["scale"].t(), ctx["block"])


class LosesBlock(Scaled):
    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return cls(inner["data_"], inner["scale"])


class OfAnother(Scaled):
    @staticmethod
    def __new__(cls, data, scale, block=32):
        return torch.Tensor._make_subclass(cls, data.float())


class NoResult(Scaled):
    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        result = super().__torch_dispatch__(func, types, args, kwargs)
        if func is not torch.ops.aten.mm.default:
            return result


class NotForMm(Scaled):
    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        if func is torch.ops.aten.mm.default:
            return NotImplemented
        return super().__torch_dispatch__(func, types, args, kwargs)


def made(kind):
    return kind(torch.randint(-128, 127, (4, 8), dtype=torch.int8), torch.rand(4, 1), block=64)


class Linear(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x):
        return nn.functional.linear(x, self.weight)


# aotlens: InParameter(made(WrongKey))(torch.randn(2, 8))
class InParameter(Linear):
    pass


# aotlens: InTwo(TwoTensor(made(NoSuchAttribute), made(NoSuchAttribute)))(torch.randn(2, 8))
class InTwo(Linear):
    """The class of a piece is broken, and that of the whole is not."""

    def forward(self, x):
        return x @ self.weight.a.t()


# aotlens: Traced(made(NoFlatten))(torch.randn(2, 8))
class Traced(Linear):
    """Captured nevertheless: without Dynamo, the tensor is taken as it is."""


# aotlens: Attribute()(torch.randn(2, 8))
class Attribute(nn.Module):
    """A tensor that is a plain attribute."""

    def __init__(self):
        super().__init__()
        self.scale = made(WrongKey)
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return self.layer(x) @ self.scale.t()


class Inherits(TwoTensor):
    """The methods of its base make objects of the base."""


class NamesC(TwoTensor):
    def __tensor_flatten__(self):
        return ["a", "c"], None


# aotlens: MadeInside()(torch.randn(2, 8))
class MadeInside(nn.Module):
    """The call makes the tensor and returns it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return NamesC(*(self.layer(x),) * 2)


# aotlens: UsedInside()(torch.randn(2, 8))
class UsedInside(MadeInside):
    """The call makes the tensor and returns a piece of what it computes from it."""

    def forward(self, x):
        return NamesC(*(self.layer(x),) * 2).sin().sum().a


# aotlens: NoneOfMm(made(NoResult))(torch.randn(2, 4))
class NoneOfMm(Linear):
    def forward(self, x):
        return x @ self.weight


# aotlens: NoMm(made(NotForMm))(torch.randn(2, 4))
class NoMm(NoneOfMm):
    """The call fails in eager too."""
