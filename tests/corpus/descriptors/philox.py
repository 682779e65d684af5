"""Functionalized random numbers. Torch has them for CUDA; without a CUDA device, importing this file stands in for one.

The stand-in gives the seed and offset as zeros and lifts the refusal of CPU tensors. It is enough to capture the graph,
whose Philox inputs and outputs are torch's own; such a graph is not to be run.
"""

import contextlib

import torch
import torch._decomp.decompositions_for_rng
import torch._functorch.config
import torch._prims_common
from torch import nn

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
torch._functorch.config.functionalize_rng_ops = True


def _state(fake_mode=None):
    with fake_mode or contextlib.nullcontext():
        return torch.tensor(0), torch.tensor(0)


if DEVICE == "cpu":
    torch._prims_common.CUDARngStateHelper.get_torch_state_as_tuple = _state
    torch._decomp.decompositions_for_rng.throw_on_non_cuda = lambda device: None


# aotlens: Dropout()(torch.randn(3, device=DEVICE, requires_grad=True))
class Dropout(nn.Dropout):
    """All six Philox descriptors."""
