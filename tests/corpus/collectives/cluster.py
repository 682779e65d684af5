"""A cluster of eight ranks without other processes, of which this one is rank 0."""

import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.testing._internal.distributed.fake_pg import FakeStore


def mesh(*shape, names):
    if not dist.is_initialized():
        dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=8)
    return init_device_mesh("cpu", shape, mesh_dim_names=names)


TP = mesh(8, names=("tp",))
BOTH = mesh(2, 4, names=("dp", "tp"))
UNNAMED = mesh(2, 4, names=None)
