"""Tensor subclasses of all shapes: nested, with context, with opaque pieces, symbolic sizes, jagged, sharded."""

import torch
import torch.distributed as dist
from torch import nn
from torch._library.opaque_object import register_opaque_type
from torch._opaque_base import OpaqueBase
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, SequenceParallel, parallelize_module
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils import _pytree as pytree


def two(*shape, grad=False):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape)).requires_grad_(grad)


# aotlens: Plain()(torch.randn(2, 4))
class Plain(nn.Module):
    """The gradient of the plain bias is a subclass."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.bias = nn.Parameter(torch.zeros(4))
        self.register_buffer("scale", two(4))

    def forward(self, x):
        self.scale.mul_(0.9)
        return (x @ self.weight + self.bias) * self.scale


# aotlens: Nested()(two(2, 4, grad=True), [two(4), torch.randn(4)])
class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(TwoTensor(two(4, 4), torch.randn(4, 4)))
        self.dead = nn.Parameter(two(4, 4))
        self.frozen = nn.Parameter(two(4), requires_grad=False)

    def forward(self, x, pair):
        return {"one": x @ self.weight + pair[0], "two": pair[1] * x * self.frozen}


# aotlens: Direct()(torch.randn(2, 4))
class Direct(nn.Module):
    """Dynamo refuses it, and effects are ordered by tokens."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        torch._dynamo.graph_break()
        torch.ops.aten._print("")
        return x @ self.weight


class Scaled(torch.Tensor):
    """An int8 tensor, a scale, and a context of two numbers."""

    @staticmethod
    def __new__(cls, data, scale, block, dtype, grad=False):
        return torch.Tensor._make_wrapper_subclass(cls, data.shape, dtype=dtype, device=data.device, requires_grad=grad)

    def __init__(self, data, scale, block, dtype, grad=False):
        self.data_, self.scale, self.block = data, scale, block

    def __tensor_flatten__(self):
        return ["data_", "scale"], (self.block, self.dtype)

    @classmethod
    def __tensor_unflatten__(cls, inner, context, size, stride):
        return cls(inner["data_"], inner["scale"], *context)

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        if func in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            return cls(func(args[0].data_), func(args[0].scale), args[0].block, args[0].dtype)
        args, kwargs = pytree.tree_map_only(cls, lambda t: t.data_.to(t.dtype) * t.scale, (args, kwargs or {}))
        return func(*args, **kwargs)

    __torch_function__ = torch._C._disabled_torch_function_impl


# aotlens: Quantized()(torch.randn(2, 8))
class Quantized(nn.Module):
    """The weight is a subclass, and its gradient is plain."""

    def __init__(self):
        super().__init__()
        data = torch.randint(-128, 127, (4, 8), dtype=torch.int8)
        self.weight = nn.Parameter(Scaled(data, torch.rand(4, 1), 32, torch.float32))

    def forward(self, x):
        return nn.functional.linear(x, self.weight)


class Counter(OpaqueBase):
    def __init__(self, start):
        self.start = start


register_opaque_type(Counter, typ="reference")


class Counted(torch.Tensor):
    """A tensor with an object beside it that is no tensor."""

    @staticmethod
    def __new__(cls, data, counter, grad=False):
        return torch.Tensor._make_wrapper_subclass(
            cls, data.shape, dtype=data.dtype, device=data.device, requires_grad=grad
        )

    def __init__(self, data, counter, grad=False):
        self.inside, self.counter = data, counter

    def __tensor_flatten__(self):
        return ["inside", "counter"], None

    @classmethod
    def __tensor_unflatten__(cls, inner, context, size, stride):
        return cls(inner["inside"], inner["counter"])

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        found = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, cls)]
        args, kwargs = pytree.tree_map_only(cls, lambda t: t.inside, (args, kwargs or {}))
        return pytree.tree_map_only(torch.Tensor, lambda t: cls(t, found[0].counter), func(*args, **kwargs))

    __torch_function__ = torch._C._disabled_torch_function_impl


# aotlens: Opaque()(torch.randn(2, 4))
class Opaque(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(Counted(torch.randn(4, 4), Counter(3)))

    def forward(self, x):
        return x @ self.weight


def dynamic(*shape):
    tensor = two(*shape)
    torch._dynamo.mark_dynamic(tensor, 0)
    torch._dynamo.mark_dynamic(tensor, 1)
    return tensor.requires_grad_()


# aotlens: Sizes()(dynamic(6, 8))
class Sizes(nn.Module):
    """Sizes and strides of the whole are inputs and outputs."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return (x * self.scale).view(-1)


def jagged(width):
    parts = [torch.randn(length, width) for length in (2, 5, 3)]
    return torch.nested.nested_tensor(parts, layout=torch.jagged, requires_grad=True)


# aotlens: Jagged()(jagged(8))
class Jagged(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x).relu()


def mesh(*shape, names):
    if not dist.is_initialized():
        dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=8)
    return init_device_mesh("cpu", shape, mesh_dim_names=names)


# aotlens: Sharded(16)(split(4, 16))
class Sharded(nn.Module):
    """A split batch, so that gradients are partial sums; they lie otherwise than the parameters."""

    def __init__(self, width):
        super().__init__()
        grid = mesh(2, 4, names=("dp", "tp"))
        self.columns = nn.Parameter(distribute_tensor(torch.randn(width, width), grid, [Replicate(), Shard(1)]))
        self.rows = nn.Parameter(distribute_tensor(torch.randn(width, width), grid, [Shard(0), Replicate()]))
        self.bias = nn.Parameter(distribute_tensor(torch.randn(width), grid, [Replicate(), Replicate()]))

    def forward(self, x):
        return (x @ self.columns).relu() @ self.rows + self.bias


def split(*shape):
    return distribute_tensor(torch.randn(*shape), mesh(2, 4, names=("dp", "tp")), [Shard(0), Replicate()])


# aotlens: Unnamed(16)(torch.randn(4, 16))
class Unnamed(nn.Module):
    """A mesh without names, a local tensor that is a subclass too, and a partial sum as output."""

    def __init__(self, width):
        super().__init__()
        grid = mesh(8, names=None)
        self.local = nn.Parameter(DTensor.from_local(two(width // 8, width), grid, [Shard(0)], run_check=False))
        self.weight = nn.Parameter(distribute_tensor(torch.randn(width, width), grid, [Shard(1)]))

    def forward(self, x):
        x = DTensor.from_local(x, self.weight.device_mesh, [Replicate()], run_check=False)
        return (x @ self.weight) @ self.local


# aotlens: Whole(16)(torch.randn(2, 16))
class Whole(nn.Module):
    """Each rank has a part of the weight, and the whole of its gradient."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(distribute_tensor(torch.randn(width, width), mesh(8, names=("tp",)), [Shard(0)]))

    def forward(self, x):
        x = DTensor.from_local(x, self.weight.device_mesh, [Replicate()], run_check=False)
        return (x @ self.weight).to_local()


# aotlens: Hooked(16)(split(4, 16))
class Hooked(nn.Module):
    """A hook redistributes the gradient of one of two parameters."""

    def __init__(self, width):
        super().__init__()
        grid = mesh(2, 4, names=("dp", "tp"))
        self.one = nn.Parameter(distribute_tensor(torch.randn(width), grid, [Replicate(), Replicate()]))
        self.two = nn.Parameter(distribute_tensor(torch.randn(width), grid, [Replicate(), Replicate()]))
        self.one.register_post_accumulate_grad_hook(redistributed)

    def forward(self, x):
        return x * self.one + self.two


def redistributed(parameter):
    parameter.grad = parameter.grad.redistribute(placements=parameter.placements)


# aotlens: planned(16)(torch.randn(2, 8, 16))
class Planned(nn.Module):
    """Gradients of a norm whose sequence is split are partial sums."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.down(self.up(self.norm(x)).relu())


def planned(width):
    plan = {"norm": SequenceParallel(), "up": ColwiseParallel(input_layouts=Shard(1)), "down": RowwiseParallel()}
    return parallelize_module(Planned(width), mesh(8, names=("tp",)), plan)
