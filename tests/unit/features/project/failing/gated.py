"""A model whose call fails in its second layer: the gate has half the width that it needs."""

import torch
import torch.nn.functional as F
from torch import nn


class GatedMLP(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.up = nn.Linear(dim, hidden)
        self.gate = nn.Linear(dim, hidden // 2)
        self.down = nn.Linear(hidden, dim)

    def forward(self, x):
        a = self.up(x)
        g = torch.sigmoid(self.gate(x))
        h = F.gelu(a * g)
        return self.down(h)


# aotlens: Model()(torch.randint(100, (2, 16)))
class Model(nn.Module):
    def __init__(self, vocab=100, dim=64):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.register_buffer("scale", torch.ones(dim))
        self.mlp = GatedMLP(dim, 4 * dim)
        self.head = nn.Linear(dim, vocab)

    def forward(self, tokens):
        x = self.emb(tokens) * self.scale
        x = x + self.mlp(x)
        return self.head(x)
