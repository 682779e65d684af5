"""Modules that save other values on a CPU than on CUDA, and one that saves the same."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.dropout = dropout
        self.qkv = nn.Linear(8, 24)

    def forward(self, x, mask=None):
        q, k, v = self.qkv(x).view(2, 5, 3, 2, 4).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=self.dropout)


# aotlens: Fused()(torch.randn(2, 5, 8))
class Fused(Attention):
    pass


# aotlens: Dropped(0.1)(torch.randn(2, 5, 8))
class Dropped(Attention):
    pass


# aotlens: Biased()(torch.randn(2, 5, 8), torch.randn(5, 5, requires_grad=True))
class Biased(Attention):
    pass


# aotlens: Recurrent()(torch.randn(3, 5, 8))
class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 8, batch_first=True)

    def forward(self, x):
        return self.rnn(x)[0]


# aotlens: Around()(torch.randn(2, 5, 8))
class Around(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.ModuleList([Dropped(0.1), Dropped(0.1)])

    def forward(self, x):
        return sum(inner(x) for inner in self.inner)
