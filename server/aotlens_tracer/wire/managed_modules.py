"""The vocabulary of modules that are managed across ranks, by `fully_shard` and the like. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged


@dataclass(frozen=True)
class Managed(Tagged):
    """Parameters that a function or class of torch's manages across ranks, in hooks that no capture takes.

    `function` is its name: `fully_shard` and `FullyShardedDataParallel` gather the parameters for each call,
    `replicate` and `DistributedDataParallel` leave them as they are. `count` is the number of the parameters, `ranks`
    that of the ranks.
    """

    function: str
    count: int
    ranks: int
