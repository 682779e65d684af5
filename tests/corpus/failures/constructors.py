"""Constructors that refuse the values that they are given."""

from torch import nn


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, num_heads=heads)  # fails

    def forward(self, x):
        return self.attention(x, x, x)[0]


# aotlens: Divided()(torch.randn(2, 3, 65))
class Divided(nn.Module):
    def __init__(self, dim=65, heads=4):
        super().__init__()
        self.attention = Attention(dim, heads)

    def forward(self, x):
        return self.attention(x)


# aotlens: Grouped()(torch.randn(2, 65, 7))
class Grouped(nn.Module):
    def __init__(self, dim=65):
        super().__init__()
        half = dim // 2
        self.conv = nn.Conv1d(dim, half, 3, groups=5)  # fails

    def forward(self, x):
        return self.conv(x)


# aotlens: Asserted()(torch.randn(2, 3, 65))
class Asserted(nn.Module):
    def __init__(self, n_embd=65, n_head=4):
        super().__init__()
        self.n_head = n_head
        assert n_embd % self.n_head == 0, "n_embd must be divisible by n_head"  # fails

    def forward(self, x):
        return x


# aotlens: Dropped()(torch.randn(2, 3))
class Dropped(nn.Module):
    def __init__(self, rate=10):
        super().__init__()
        self.drop = nn.Dropout(rate)  # fails

    def forward(self, x):
        return self.drop(x)
