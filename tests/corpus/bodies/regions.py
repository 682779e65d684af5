"""Regions that are compiled once, attention with functions of scores, and what torch dissolves while it captures."""

import torch
import torch.fx.traceback
import torch.utils.checkpoint
from torch import nn
from torch.compiler import nested_compile_region
from torch.nn.attention.flex_attention import create_block_mask, flex_attention


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    @nested_compile_region
    def forward(self, x):
        return self.linear(x).relu()


# aotlens: Stack()(torch.randn(3, 4))
class Stack(nn.Module):
    """Three layers; torch captures the first in place, and the others as two runs of one region."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(Layer() for _ in range(3))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


# aotlens: Biased()(torch.randn(1, 128, 16))
class Biased(nn.Module):
    """A score function that reads a parameter, and a mask."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(16, 16)
        self.bias = nn.Parameter(torch.randn(2))

    def forward(self, x):
        q = self.project(x).view(1, 128, 2, 8).transpose(1, 2)

        def biased(score, b, h, q_idx, kv_idx):
            return score + self.bias[h] * (q_idx - kv_idx)

        def causal(b, h, q_idx, kv_idx):
            return q_idx >= kv_idx

        mask = create_block_mask(causal, 1, 1, 128, 128, device="cpu")
        return flex_attention(q, q, q, score_mod=biased, block_mask=mask)


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x.sin() * weight

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        return grad * x.cos() * weight, (grad * x.sin()).sum(0)


# aotlens: Custom()(torch.randn(3, 4))
class Custom(nn.Module):
    """A function with a backward of its own."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4))

    def forward(self, x):
        return Scaled.apply(x, self.weight)


# aotlens: Checkpointed()(torch.randn(3, 4))
class Checkpointed(nn.Module):
    """A checkpoint, which AOTAutograd captures in place."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return torch.utils.checkpoint.checkpoint(lambda x: self.linear(x).sin(), x, use_reentrant=False)


# aotlens: Staged()(torch.randn(3, 4))
class Staged(nn.Module):
    """Annotations, one inside another."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        with torch.fx.traceback.annotate({"stage": 1}):
            y = self.linear(x).sin()
            with torch.fx.traceback.annotate({"part": ("tail", 2), "dtype": torch.float32}):
                y = y * 2
        return x + y
