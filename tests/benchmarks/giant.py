"""Llama 70B from a warm tracer: inputs, shapes, the provisional map and the exact one, next to torch's own pipeline.

make bench, or python tests/benchmarks/giant.py. One run, two processes in turn, as in `edits.py`. Weights are fake: the
70.6 billion parameters take no memory.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bounds import finish, hold
from edited_models import MODELS
from edits import Torch, Tracer

STAGES = {"built": "inputs", "shapes": "shapes", "folded": "provisional map", "whole": "exact map"}
LLAMA_70B = next(model for model in MODELS if model.name == "80 layers")
WARM = next(model for model in MODELS if model.name == "2 layers")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tracer, torch = Tracer(Path(folder)), Torch()
        tracer.trace(WARM, 0)
        torch.seconds("pipeline", WARM, 0)
        tracer.rest()
        taken = tracer.trace(LLAMA_70B, 1)
        tracer.rest()
        pipeline = torch.seconds("pipeline", LLAMA_70B, 1)
        tracer.rest()
        peak = tracer.peak(LLAMA_70B) / 1000
        tracer.close()
        torch.close()
    print(f"Llama 70B: torch's pipeline {pipeline:.1f} s, and {torch.peak / 1000:.2f} GB at its peak")
    for stage, name in STAGES.items():
        seconds = taken.get(stage, float("inf"))
        print(f"    {name}: after {seconds:.1f} s, {seconds / pipeline:.2f} of torch's pipeline")
        hold(f"Llama 70B: {name}", seconds / pipeline)
    print(f"    memory of the tracer and all its processes at their peak: {peak:.2f} GB")
    hold("Llama 70B: peak, GB", peak)
    finish()


if __name__ == "__main__":
    main()
