"""A module of a script that torchrun starts on GPUs: it reads its rank, chooses its GPU, and joins a group of NCCL."""

import os

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    SequenceParallel,
    parallelize_module,
)


def joined():
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not dist.is_initialized():
        dist.init_process_group("nccl", rank=rank, world_size=size)
    return init_device_mesh("cuda", (size,), mesh_dim_names=("tp",))


class Vocabulary(nn.Module):
    """A plan for the layers around a decoder: the hidden states are sharded over the sequence."""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 100, bias=False)

    def forward(self, ids):
        return self.head(self.norm(self.emb(ids)))


# aotlens: planned()(torch.randint(0, 100, (2, 16))); world(4, rank=3)
class Planned(Vocabulary):
    pass


def planned():
    plan = {
        "emb": RowwiseParallel(input_layouts=Replicate(), output_layouts=Shard(1)),
        "norm": SequenceParallel(),
        "head": ColwiseParallel(input_layouts=Shard(1), output_layouts=Replicate()),
    }
    return parallelize_module(Planned(), joined(), plan)
