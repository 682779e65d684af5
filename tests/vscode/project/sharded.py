"""Two layers whose weights lie on a mesh of eight ranks."""

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.nn import functional as F


# aotlens: Mlp(64)(torch.randn(4, 64)); mesh(dp=2, tp=4)
class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mesh = init_device_mesh("cpu", (2, 4), mesh_dim_names=("dp", "tp"))
        up = torch.randn(width, 4 * width)
        down = torch.randn(4 * width, width)
        self.up = nn.Parameter(distribute_tensor(up, self.mesh, [Replicate(), Shard(1)]))
        self.down = nn.Parameter(distribute_tensor(down, self.mesh, [Replicate(), Shard(0)]))

    def forward(self, x):
        x = DTensor.from_local(x, self.mesh, [Shard(0), Replicate()], run_check=False)
        h = F.silu(x @ self.up)
        y = (h @ self.down).redistribute(placements=[Shard(0), Replicate()])
        return y.to_local()
