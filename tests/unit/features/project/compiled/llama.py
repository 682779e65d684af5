"""A small decoder in which no input has the same number for torch.export and torch.compile, and a model that breaks."""

import torch
import torch.nn.functional as F
from torch import nn


class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.Parameter(torch.ones(width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x, cos):
        h = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.norm
        query, key, value = self.qkv(h).chunk(3, -1)
        return x + self.out(F.scaled_dot_product_attention(query * cos, key * cos, value, is_causal=True))


# aotlens: Llama()(torch.zeros(2, 8, dtype=torch.long), torch.ones(()))
class Llama(nn.Module):
    def __init__(self, width=16, depth=2):
        super().__init__()
        self.embed = nn.Embedding(32, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(depth))
        self.head = nn.Linear(width, 32, bias=False)
        self.register_buffer("cos", torch.ones(8, width))

    def forward(self, ids, scale):
        # The error of torch.compile was:
        # W1127 12:00:00.000000 11 torch/_inductor/graph.py:12] [0/0] primals_3 is on the wrong device
        h = self.embed(ids.clamp(max=31)) * scale
        for layer in self.layers:
            h = layer(h, self.cos)
        return self.head(h)


# aotlens: Paused()(torch.randn(4, 8))
class Paused(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(8, 16)
        self.down = nn.Linear(16, 8)

    def forward(self, x):
        h = self.up(x).relu()
        torch._dynamo.graph_break()
        return self.down(h) + x


NOTE = "a pass read primals_2 and getitem_1, and primals_7, whatever they are"
