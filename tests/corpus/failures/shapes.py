"""Calls that fail because of the shapes of their operands."""

import torch
import torch.nn.functional as F
from torch import nn


# aotlens: Matmul()(torch.randn(4, 10))
class Matmul(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 10)
        self.fc2 = nn.Linear(20, 5)

    def forward(self, x):
        h = self.fc1(x).relu()
        return self.fc2(h)  # fails


# aotlens: InSequential()(torch.randn(2, 1, 28, 28))
class InSequential(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.classifier = nn.Sequential(
            nn.Linear(8 * 14 * 14, 32),
            nn.ReLU(),
            nn.Linear(32, 10),
        )

    def forward(self, images):
        return self.classifier(self.features(images))  # fails


# aotlens: NoForward()(torch.randn(2, 6))
class NoForward(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(6, 8), nn.Tanh(), nn.Linear(4, 2))  # fails


# aotlens: Channels()(torch.randn(2, 1, 8, 8))
class Channels(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, images):
        return self.conv(images)  # fails


# aotlens: Dimensions()(torch.randn(2, 8))
class Dimensions(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x):
        x = F.relu(x)
        return self.norm(x)  # fails


# aotlens: Broadcast(8)(torch.randn(2, 5, 8))
class Broadcast(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, 6, width))

    def forward(self, tokens):
        return tokens * 2 + self.position  # fails


# aotlens: Concatenated()(torch.randn(2, 3, 16, 16), torch.randn(2, 3, 9, 9))
class Concatenated(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, skip, low):
        return torch.cat([skip, self.up(low)], dim=1)  # fails


# aotlens: Viewed()(torch.randn(2, 4, 8))
class Viewed(nn.Module):
    def forward(self, x):
        heads = x.transpose(1, 2)
        return heads.view(2, 32)  # fails


# aotlens: Normalized()(torch.randn(2, 5, 12))
class Normalized(nn.Module):
    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(12), nn.LayerNorm(16)])

    def forward(self, x):
        for norm in self.norms:
            x = norm(x)  # fails
        return x


# aotlens: Recurrent()(torch.randn(2, 5, 7))
class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 4, batch_first=True)

    def forward(self, x):
        output, _ = self.rnn(x)  # fails
        return output


# aotlens: Einsum()(torch.randn(2, 5, 8), torch.randn(2, 5, 6))
class Einsum(nn.Module):
    def forward(self, q, k):
        q = q * 8**-0.5
        return torch.einsum("bqd,bkd->bqk", q, k)  # fails


# aotlens: Attention()(torch.randn(2, 5, 8), torch.randn(2, 7, 8))
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)
        self.kv = nn.Linear(8, 16)

    def forward(self, x, context):
        k, v = self.kv(context).chunk(2, -1)
        return F.scaled_dot_product_attention(self.q(x), k, v[:, :5])  # fails


# aotlens: Index()(torch.randn(2, 3))
class Index(nn.Module):
    def forward(self, x):
        return x[:, 3]  # fails


# aotlens: Inner()(torch.randn(4, 6))
class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(6, 6), Block(6, 5), Block(6, 6)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class Block(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n, m))

    def forward(self, y):
        return y @ self.weight  # fails


# aotlens: Checked()(torch.randn(4, 6))
class Checked(nn.Module):
    def forward(self, x):
        y = x[:, :3]
        if y.shape[-1] != 4:
            raise ValueError(f"four features are needed, not {y.shape[-1]}")  # fails
        return y


# aotlens: Heads()(torch.randn(2, 5, 6))
class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x)[0]  # fails


# aotlens: Loss()(torch.randn(4, 10), torch.randint(10, (4, 2)))
class Loss(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(10, 10)

    def forward(self, x, labels):
        return F.cross_entropy(self.head(x), labels)  # fails
