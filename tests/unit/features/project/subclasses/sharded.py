"""DTensors on a mesh of two dimensions."""

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor
from torch.testing._internal.distributed.fake_pg import FakeStore


def mesh():
    if not dist.is_initialized():
        dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=8)
    return init_device_mesh("cpu", (2, 4), mesh_dim_names=("dp", "tp"))


def rows(*shape):
    return distribute_tensor(torch.randn(*shape), mesh(), [Shard(0), Replicate()])


# aotlens: Mlp(16)(rows(4, 16))
class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Parameter(distribute_tensor(torch.randn(width, width), mesh(), [Replicate(), Shard(1)]))
        self.down = nn.Parameter(distribute_tensor(torch.randn(width, width), mesh(), [Replicate(), Shard(0)]))
        self.bias = nn.Parameter(distribute_tensor(torch.zeros(width), mesh(), [Replicate(), Replicate()]))

    def forward(self, x):
        y = (x @ self.up).relu() @ self.down + self.bias
        return y.redistribute(placements=[Shard(0), Replicate()])
