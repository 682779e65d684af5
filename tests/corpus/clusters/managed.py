"""Modules that torch manages across ranks, in hooks."""

import torch
from torch import nn
from torch.distributed._composable.replicate import replicate  # noqa: F401  # in an example
from torch.distributed._composable.replicate_with_fsdp import replicate as replicate_by_fsdp  # noqa: F401  # the same
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, SequenceParallel, parallelize_module
from torch.nn.parallel import DistributedDataParallel

PLAN = {"up": ColwiseParallel(), "down": RowwiseParallel()}


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.down(self.up(x).relu())


# aotlens: Plain(16)(torch.randn(2, 16)); world(8)
class Plain(Mlp):
    pass


def sharded(width):
    model = Sharded(width)
    fully_shard(model.up)
    fully_shard(model.down, reshard_after_forward=False)
    return fully_shard(model)


# aotlens: sharded(16)(torch.randn(2, 16)); world(8)
class Sharded(Mlp):
    pass


def mixed(width):
    model = Mixed(width)
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, output_dtype=torch.float32)
    fully_shard([model.up, model.down], mp_policy=policy)
    return fully_shard(model, mp_policy=policy)


# aotlens: mixed(16)(torch.randn(2, 16)); world(8)
class Mixed(Mlp):
    pass


def blocks(width):
    model = Blocks(width)
    for block in model.layers:
        fully_shard(block)
    return fully_shard(model)


# aotlens: blocks(16)(torch.randn(2, 16)); world(8)
class Blocks(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList([Mlp(width) for _ in range(2)])
        self.unused = nn.Linear(width, width)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def two_dimensions(width):
    mesh = init_device_mesh("cuda", (2, 2, 2), mesh_dim_names=("replicas", "shards", "tp"))
    model = parallelize_module(TwoDimensions(width), mesh["tp"], PLAN)
    return fully_shard(model, mesh=mesh["replicas", "shards"])


# aotlens: two_dimensions(16)(torch.randn(2, 16)); world(8)
class TwoDimensions(Mlp):
    pass


class Normed(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        return self.norm(x)


def sharded_sequence(width):
    mesh = init_device_mesh("cuda", (2, 4), mesh_dim_names=("dp", "tp"))
    model = parallelize_module(ShardedSequence(width), mesh["tp"], {"norm": SequenceParallel()})
    return fully_shard(model, mesh=mesh["dp"])


# aotlens: sharded_sequence(16)(torch.randn(2, 8, 16)); world(8)
class ShardedSequence(Normed):
    pass


# aotlens: replicate(Replicated(16))(torch.randn(2, 16)); world(8)
class Replicated(Mlp):
    pass


# aotlens: replicate_by_fsdp(ReplicatedByFsdp(16))(torch.randn(2, 16)); world(8)
class ReplicatedByFsdp(Mlp):
    pass


def in_ddp(width):
    return DistributedDataParallel(InDdp(width))


# aotlens: in_ddp(16)(torch.randn(2, 16)); world(8)
class InDdp(Mlp):
    pass


# aotlens: fully_shard(WrongWidth(16))(torch.randn(2, 17)); world(8)
class WrongWidth(Mlp):
    pass


def tied(width):
    model = Tied(width)
    model.more = nn.Linear(width, 4 * width)
    model.more.weight = model.up.weight
    fully_shard(model.up)
    fully_shard(model.more)
    return fully_shard(model)


# aotlens: tied(16)(torch.randn(2, 16)); world(8)
class Tied(Mlp):
    pass
