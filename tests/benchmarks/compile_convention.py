"""The cost of a capture in torch.compile's convention, next to `torch.compile(backend="aot_eager")` of the same call.

python tests/benchmarks/compile_convention.py [ROUNDS]

Both take turns in one process, and the ratio of the minima of their processor time counts, so that other load on the
machine changes little. Ours has the names of all inputs and outputs, and the guards; torch's has two graphs to run.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from bounds import finish, hold
from torch import nn

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "server"), str(ROOT / "docs" / "examples")]

from aotlens_tracer.failures import Codebase  # noqa: E402
from aotlens_tracer.graph.compiled_guards import compiled_guards  # noqa: E402
from aotlens_tracer.graph.compiled_names import TracedCall, compiled_names  # noqa: E402
from aotlens_tracer.graph.stack_traces import Sources  # noqa: E402
from aotlens_tracer.torch_private import CompiledCalls, fake_mode  # noqa: E402

Built = tuple[nn.Module, tuple[Any, ...]]


class Breaks(nn.Module):
    """A module with three graph breaks, and a layer between each two."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Linear(32, 32) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.a(x).relu()
        print(x.shape)
        x = self.b(x).relu()
        print(x.shape)
        x = self.c(x).relu()
        print(x.shape)
        return self.d(x)


def decoder() -> Built:
    from decoder import Decoder

    return Decoder(vocab=1000, width=64, heads=4, layers=6), (
        torch.zeros(2, 16, dtype=torch.long),
        torch.zeros(2, 16, dtype=torch.long),
    )


def gpt2() -> Built:
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 100, "n_positions": 32}
    config = GPT2Config(**sizes, use_cache=False, bos_token_id=1, eos_token_id=1)
    return GPT2LMHeadModel(config), (torch.zeros(2, 16, dtype=torch.long),)


def breaks() -> Built:
    return Breaks(), (torch.ones(4, 32),)


def by_torch(make: Callable[[], Built]) -> float:
    """The processor seconds of torch's first call."""
    module, args = make()
    torch._dynamo.reset()
    start = time.process_time()
    torch.compile(module, backend="aot_eager")(*args)
    return time.process_time() - start


def by_aotlens(make: Callable[[], Built]) -> float:
    """The processor seconds of our capture."""
    mode = fake_mode()
    with mode:
        module, args = make()
    codebase = Codebase(__file__)
    start = time.process_time()
    called = CompiledCalls(lambda: mode).call(module, args, {}, None)
    compiled_names(called, TracedCall(module, args, {}, module), lambda: Sources(codebase))
    for graph in called.graphs:
        compiled_guards(graph, codebase)
    return time.process_time() - start


def main(rounds: int) -> None:
    """Print the table; the exit status is 1 if a ratio is above its bound."""
    print(f"{'model':28}{'aot_eager, s':>14}{'capture, s':>14}{'ratio':>8}")
    for name, make in (
        ("decoder, 6 layers", decoder),
        ("GPT-2, 2 layers", gpt2),
        ("four layers, three breaks", breaks),
    ):
        seconds: dict[Callable[..., float], list[float]] = {by_torch: [], by_aotlens: []}
        with contextlib.redirect_stdout(io.StringIO()):
            by_torch(make)  # what is imported once is nobody's cost
            by_aotlens(make)
            for _ in range(rounds):
                for measured, found in seconds.items():
                    found.append(measured(make))
        theirs, ours = (min(found) for found in seconds.values())
        print(f"{name:28}{theirs:14.2f}{ours:14.2f}{ours / theirs:8.2f}")
        hold(f"compile convention: {name}", ours / theirs)
    finish()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 7)
