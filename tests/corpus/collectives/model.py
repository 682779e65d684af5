"""Modules that communicate: by a plan, by calls of their own, and because DTensor redistributes an operand."""

import torch
import torch.distributed as dist
import torch.distributed._functional_collectives as funcol
from cluster import BOTH, TP, UNNAMED
from torch import nn
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    SequenceParallel,
    parallelize_module,
)
from torch.utils.checkpoint import checkpoint


def param(placements, *shape, mesh=TP):
    return nn.Parameter(distribute_tensor(torch.randn(*shape), mesh, placements))


def tensor(placements, *shape, mesh=TP):
    return distribute_tensor(torch.randn(*shape, requires_grad=True), mesh, placements)


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.down(self.up(self.norm(x)).relu())


# aotlens: Tensor(16)(torch.randn(2, 8, 16, requires_grad=True))
class Tensor(Mlp):
    """Tensor parallel: one all_reduce in forward, one in backward; both are the plan's."""

    def __init__(self, width):
        super().__init__(width)
        parallelize_module(self, TP, {"up": ColwiseParallel(), "down": RowwiseParallel()})


# aotlens: Sequence(16)(torch.randn(2, 1, 16, requires_grad=True))
class Sequence(Mlp):
    """Sequence parallel: gathers before, scatters after."""

    def __init__(self, width):
        super().__init__(width)
        plan = {
            "norm": SequenceParallel(),
            "up": ColwiseParallel(input_layouts=Shard(1)),
            "down": RowwiseParallel(output_layouts=Shard(1)),
        }
        parallelize_module(self, TP, plan)


# aotlens: Product(16)(tensor([Shard(1)], 8, 16))
class Product(nn.Module):
    """DTensor gathers an operand of the product that nobody asked it to."""

    def __init__(self, width):
        super().__init__()
        self.weight = param([Shard(1)], width, width)

    def forward(self, x):
        wide = x @ self.weight
        return wide.relu()


# aotlens: Residual(16)(tensor([Replicate()], 8, 16))
class Residual(nn.Module):
    """Two placements meet in a sum, and again where their gradients do."""

    def __init__(self, width):
        super().__init__()
        self.weight = param([Shard(0)], width, width)
        self.scale = param([Shard(0)], width)

    def forward(self, x):
        h = x @ self.weight
        return (h + x) * self.scale


# aotlens: Calls(16)(tensor([Shard(0), Shard(1)], 8, 16, mesh=BOTH))
class Calls(nn.Module):
    """Redistributions that the code asks for, on a mesh of two dimensions."""

    def __init__(self, width):
        super().__init__()
        self.weight = param([Replicate(), Shard(1)], width, width, mesh=BOTH)

    def forward(self, x):
        x = x.redistribute(placements=[Shard(0), Replicate()])
        y = x @ self.weight
        whole = y.full_tensor()
        local = y.redistribute(placements=[Replicate(), Replicate()]).to_local()
        return whole, local.sum()


# aotlens: Local(16)(torch.randn(4, 16, requires_grad=True))
class Local(nn.Module):
    """Plain tensors outside, a DTensor inside; the gradient of `from_local` is reduced."""

    def __init__(self, width):
        super().__init__()
        self.weight = param([Shard(1)], width, width)

    def forward(self, x):
        x = DTensor.from_local(x, self.weight.device_mesh, [Replicate()], run_check=False)
        return (x @ self.weight).to_local()


# aotlens: Functional(16)(torch.randn(8, 16, requires_grad=True))
class Functional(nn.Module):
    """Functional collectives, and those of torch.distributed, on meshes with and without names."""

    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.world = TP
        self.mesh = BOTH
        self.unnamed = UNNAMED

    def forward(self, x):
        x = self.fc(x)
        a = funcol.all_gather_tensor_autograd(x, 0, self.world)
        b = funcol.reduce_scatter_tensor_autograd(x, "sum", 0, (self.mesh, 1))
        c = funcol.all_to_all_single_autograd(x, None, None, (self.unnamed, 1))
        with torch.no_grad():
            d = funcol.all_reduce(x, "sum", (self.mesh, 0))
            e, f = funcol.all_reduce_coalesced([x, b], "sum", (self.mesh, 1))
            g = x * 1.0
            dist.all_reduce(g)
            h = funcol.broadcast(x, 0, self.world)
        return a.sum() + b.sum() + c.sum(), d + e + g + h, f


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mlp = Mlp(width)
        plan = {
            "mlp.norm": SequenceParallel(),
            "mlp.up": ColwiseParallel(input_layouts=Shard(1)),
            "mlp.down": RowwiseParallel(output_layouts=Shard(1)),
        }
        parallelize_module(self, BOTH["tp"], plan)

    def forward(self, x):
        return x + self.mlp(x)


# aotlens: Layers(16)(torch.randn(2, 8, 16, requires_grad=True))
class Layers(nn.Module):
    """Layers alike, each recomputed in the backward pass with its communication."""

    def __init__(self, width):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width) for _ in range(3))

    def forward(self, x):
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False)
        return x


# aotlens: Pending(16)(torch.randn(8, 16, requires_grad=True))
class Pending(nn.Module):
    """A partial sum that an operation needs whole."""

    def __init__(self, width):
        super().__init__()
        self.first = param([Shard(0)], width, width)

    def forward(self, x):
        x = DTensor.from_local(x[:, :2], TP, [Shard(1)], run_check=False)
        y = x @ self.first
        return y.relu().to_local()


# aotlens: Untracked(16)(torch.randn(4, 16, requires_grad=True))
class Untracked(Tensor):
    """Dynamo cannot take this call: AOTAutograd captures it directly."""

    def forward(self, x):
        print("before")
        x = super().forward(x)
        whole = x.detach().clone()
        dist.all_reduce(whole, group=BOTH.get_group("dp"))
        return x + whole
