"""Real runs under DistributedDataParallel, in one process with gloo: prints the errors of torch as JSON.

TORCH_DISTRIBUTED_DEBUG=INFO python ddp_runs.py FOLDER_OF_DDP_MORE PORT (the variable adds names to the errors)
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel as Ddp

Step = Callable[[Ddp, torch.Tensor], None]
STEPS = 3


def first(output: Any) -> torch.Tensor:
    """The first tensor in what a module returns."""
    if isinstance(output, dict):
        return first(next(iter(output.values())))
    return first(output[0]) if isinstance(output, (tuple, list)) else getattr(output, "loss", output)


def plain(ddp: Ddp, x: torch.Tensor) -> None:
    first(ddp(x)).sum().backward()


def with_balance(ddp: Ddp, x: torch.Tensor) -> None:
    (ddp(x).sum() + ddp.module.balance).backward()


def two_backwards(ddp: Ddp, x: torch.Tensor) -> None:
    output = ddp(x)
    output["source"].sum().backward(retain_graph=True)
    (output["source"].sum() + output["target"].sum()).backward()


def error_of(module: nn.Module, x: torch.Tensor, step: Step, **options: bool) -> str | None:
    """The error that ends some steps; None if they work."""
    ddp = Ddp(module, **options)
    try:
        for _ in range(STEPS):
            step(ddp, x)
    except RuntimeError as error:
        return str(error)
    return None


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    warnings.simplefilter("ignore")
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": sys.argv[2]}
    import ddp_more as made

    dist.init_process_group("gloo", rank=0, world_size=1)
    x, ids = torch.randn(2, 8), torch.randint(9, (2, 3))
    unused: dict[str, bool] = {"find_unused_parameters": True}
    static: dict[str, bool] = {"static_graph": True}
    runs: dict[str, tuple[nn.Module, torch.Tensor, Step, dict[str, bool]]] = {
        "LastLayer": (made.LastLayer(), x, plain, {}),
        "LastLayer static": (made.LastLayer(), x, plain, static),
        "LastLayer unused": (made.LastLayer(), x, plain, unused),
        "LentBias": (made.LentBias(), x, plain, {}),
        "TwoPredictions": (made.TwoPredictions(), x, plain, {}),
        "TwoPredictions static": (made.TwoPredictions(), x, plain, static),
        "TwoPredictions unused": (made.TwoPredictions(), x, plain, unused),
        "Adapted": (made.Adapted(), x, plain, {}),
        "Routed": (made.Routed(), x, plain, {}),
        "Routed, balance in the loss": (made.Routed(), x, with_balance, {}),
        "Routed, balance in the loss, unused": (made.Routed(), x, with_balance, unused),
        "Checkpointed": (made.Checkpointed(), x, plain, {}),
        "Checkpointed static": (made.Checkpointed(), x, plain, static),
        "Ignoring": (made.Ignoring(), x, plain, {}),
        "TiedAndProbed": (made.TiedAndProbed(), ids, plain, {}),
        "Boxed": (made.Boxed(), x, plain, {}),
        "Boxed unused": (made.Boxed(), x, plain, unused),
        "TwoPredictions, two backwards": (made.TwoPredictions(), x, two_backwards, {}),
        "Wrapper": (made.Wrapper(), x, plain, {}),
    }
    print(json.dumps({name: error_of(module, x, step, **options) for name, (module, x, step, options) in runs.items()}))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
