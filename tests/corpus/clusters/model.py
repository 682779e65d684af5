"""Modules of torch.distributed, each as one rank of a fake cluster."""

import os

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    PrepareModuleInput,
    RowwiseParallel,
    SequenceParallel,
    parallelize_module,
)

PLAN = {"up": ColwiseParallel(), "down": RowwiseParallel()}


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.down(self.up(x).relu())


# aotlens: parallelize_module(Named(16), mesh["tp"], PLAN)(torch.randn(2, 16)); mesh(dp=2, tp=4, rank=5)
class Named(Mlp):
    pass


def own_group(width):
    dist.init_process_group("nccl")
    assert dist.get_rank() == int(os.environ["RANK"]) == int(os.environ["LOCAL_RANK"]) == 3
    mesh = init_device_mesh("cuda", (2, int(os.environ["WORLD_SIZE"]) // 2), mesh_dim_names=("dp", "tp"))
    return parallelize_module(OwnGroup(width), mesh["tp"], PLAN)


# aotlens: own_group(16)(torch.randn(2, 16)); world(8, rank=3)
class OwnGroup(Mlp):
    pass


# aotlens: Alone(16)(torch.randn(2, 16))
class Alone(Mlp):
    """Says itself how many ranks there are, which would otherwise be waited for."""

    def __init__(self, width):
        super().__init__(width)
        dist.init_process_group("gloo", init_method="tcp://localhost:29511", rank=1, world_size=2)
        parallelize_module(self, init_device_mesh("cpu", (dist.get_world_size(),)), PLAN)


def by_hand(width):
    mesh = DeviceMesh("cpu", torch.arange(8).view(2, 4), mesh_dim_names=("a", "b"))
    flat = mesh["a", "b"]._flatten("all")
    assert flat.size() == 8
    return parallelize_module(ByHand(width), mesh["b"], PLAN)


# aotlens: by_hand(16)(torch.randn(2, 16)); world(8, rank=6)
class ByHand(Mlp):
    pass


def sequence(width):
    plan = {
        "norm": SequenceParallel(),
        "mlp": PrepareModuleInput(input_layouts=(Shard(1),), desired_input_layouts=(Replicate(),)),
        "mlp.up": ColwiseParallel(),
        "mlp.down": RowwiseParallel(output_layouts=Shard(1)),
    }
    return parallelize_module(Sequence(width), init_device_mesh("cpu", (4,), mesh_dim_names=("tp",)), plan)


# aotlens: sequence(16)(torch.randn(2, 8, 16)); world(4)
class Sequence(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mlp = Mlp(width)

    def forward(self, x):
        return x + self.mlp(self.norm(x))


# aotlens: InForward(16)(torch.randn(2, 16)); mesh(dp=2, tp=4)
class InForward(nn.Module):
    """DTensors of two dimensions, with a sub-mesh in forward."""

    def __init__(self, width):
        super().__init__()
        self.mesh = init_device_mesh("cpu", (2, 4), mesh_dim_names=("dp", "tp"))
        self.weight = nn.Parameter(distribute_tensor(torch.randn(width, width), self.mesh["tp"], [Shard(0)]))

    def forward(self, x):
        x = DTensor.from_local(x, self.mesh["tp"], [Replicate()], run_check=False)
        return (x @ self.weight).to_local()


# aotlens: own_mesh(16)(torch.randn(2, 16))
class WithoutCluster(Mlp):
    pass


def own_mesh(width):
    mesh = init_device_mesh("cuda", (2, 4), mesh_dim_names=("dp", "tp"))
    return parallelize_module(WithoutCluster(width), mesh["tp"], PLAN)


# aotlens: parallelize_module(TooSmall(16), init_device_mesh("cpu", (4,)), PLAN)(torch.randn(2, 16)); world(2)
class TooSmall(Mlp):
    pass


class ReadsRank(Mlp):
    def __init__(self):
        super().__init__(16)
        self.rank = int(os.environ["RANK"])


# aotlens: WrongOption(16)(torch.randn(2, 16)); mesh(tp=0)
class WrongOption(Mlp):
    pass


# aotlens: Plain(16)(torch.randn(2, 16))
class Plain(Mlp):
    """Traced after all of these, by the same tracer: no process group is left."""

    def __init__(self, width):
        super().__init__(width)
        assert not dist.is_initialized()
        assert "RANK" not in os.environ
