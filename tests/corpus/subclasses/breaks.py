"""Graph breaks that subclasses cross: AOTAutograd assumes what their gradients are, and may be wrong."""

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.testing._internal.two_tensor import TwoTensor


def two(*shape):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape))


def mesh():
    if not dist.is_initialized():
        dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=8)
    return init_device_mesh("cpu", (8,), mesh_dim_names=("tp",))


def sharded(*shape, placement):
    return nn.Parameter(distribute_tensor(torch.randn(*shape), mesh(), [placement]))


def replicated(x, weight):
    return DTensor.from_local(x, weight.device_mesh, [Replicate()], run_check=False)


# aotlens: Kept()(torch.randn(2, 4))
class Kept(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))
        self.b = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        h = x @ self.w
        torch._dynamo.graph_break()
        return h.relu() + self.b


# aotlens: Missing()(torch.randn(2, 4))
class Missing(nn.Module):
    """One of two outputs of the first graph gets no gradient."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))
        self.v = nn.Parameter(two(4, 4))

    def forward(self, x):
        h = x @ self.w
        k = h @ self.v
        torch._dynamo.graph_break()
        return h.relu() + k.detach()


class Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h):
        return h.a + h.b

    @staticmethod
    def backward(ctx, gradient):
        return gradient


# aotlens: Plain()(torch.randn(2, 4))
class Plain(nn.Module):
    """The second graph gives the output of the first a plain gradient."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))

    def forward(self, x):
        h = x @ self.w
        torch._dynamo.graph_break()
        return Sum.apply(h)


# aotlens: Summed(16)(torch.randn(8, 16))
class Summed(nn.Module):
    """The output of the first graph is replicated, and its gradient a partial sum."""

    def __init__(self, width):
        super().__init__()
        self.a = sharded(width, width, placement=Replicate())
        self.b = sharded(width, width, placement=Shard(1))

    def forward(self, x):
        h = replicated(x, self.a) @ self.a
        torch._dynamo.graph_break()
        return (h @ self.b).to_local()


# aotlens: Split(16)(torch.randn(4, 16))
class Split(nn.Module):
    """The gradient lies as the output does."""

    def __init__(self, width):
        super().__init__()
        self.a = sharded(width, width, placement=Shard(1))
        self.b = sharded(width, width, placement=Shard(1))

    def forward(self, x):
        h = replicated(x, self.a) @ self.a
        torch._dynamo.graph_break()
        return (h.redistribute(placements=[Replicate()]) @ self.b).to_local()


# aotlens: Unused(16)(torch.randn(4, 16))
class Unused(nn.Module):
    """A DTensor without a gradient beside one that has one."""

    def __init__(self, width):
        super().__init__()
        self.a = sharded(width, width, placement=Shard(1))

    def forward(self, x):
        h = replicated(x, self.a) @ self.a
        k = h * 2
        torch._dynamo.graph_break()
        return (h + k.detach()).to_local()


# aotlens: Both()(torch.randn(2, 4))
class Both(nn.Module):
    """Two results, and a backward pass from the first one alone."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))
        self.v = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        return x @ self.v, x @ self.w


# aotlens: Between()(torch.randn(2, 4))
class Between(nn.Module):
    """Code between the graphs uses the output, too."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))
        self.kept = []

    def forward(self, x):
        h = x @ self.w
        k = h * 2
        eager(self, k)
        return h.relu() + self.kept.pop()


@torch._dynamo.disable
def eager(module, k):
    module.kept.append(k * 3)
