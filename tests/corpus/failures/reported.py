"""Situations that users report in public, each in a model of its own."""

import math

import torch
import torch.nn.functional as F
from torch import nn


# aotlens: ShortMask()(torch.randn(2, 16, 8))
class ShortMask(nn.Module):
    """A causal mask as large as the block, and a sequence that is longer."""

    def __init__(self, width=8, block_size=12):
        super().__init__()
        self.qk = nn.Linear(width, 2 * width)
        self.register_buffer("bias", torch.tril(torch.ones(block_size, block_size)))

    def forward(self, x):
        _, T, C = x.shape
        q, k = self.qk(x).split(C, dim=2)
        att = q @ k.transpose(1, 2) / math.sqrt(C)
        return att.masked_fill(self.bias[:T, :T] == 0, -1e9).softmax(-1)  # fails


# aotlens: OddImage()(torch.randn(2, 3, 75, 100))
class OddImage(nn.Module):
    """Halving and doubling an odd height does not give it back."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.out = nn.Conv2d(11, 1, 1)

    def forward(self, image):
        low = self.down(image)
        return self.out(torch.cat([image, self.up(low)], 1))  # fails


# aotlens: PooledAlone()(torch.randn(1, 16, 8, 8))
class PooledAlone(nn.Module):
    """Batch norm behind a global pooling, with a batch of one image."""

    def __init__(self):
        super().__init__()
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 4, 1), nn.BatchNorm2d(4))

    def forward(self, x):
        return self.pool(x)  # fails


# aotlens: Decoder()(torch.randn(2, 512, 7, 7))
class Decoder(nn.Module):
    """A convolution for features that are concatenated, and the concatenation is missing."""

    def __init__(self, width=256):
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.conv = nn.Conv2d(2 * width, width, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.up(x))
        return self.conv(x)  # fails


# aotlens: Flattened()(torch.randn(2, 1, 28, 28))
class Flattened(nn.Module):
    """A classifier for another size of the image."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(4))
        self.out = nn.Linear(1050, 10)

    def forward(self, x):
        x = self.conv(x)
        x = x.view(x.size(0), -1)
        return self.out(x)  # fails


# aotlens: PlainTable()(torch.randn(2, 5, 8))
class PlainTable(nn.Module):
    """A table of positions that is no buffer stays where it was made."""

    def __init__(self, width=8):
        super().__init__()
        self.pe = torch.zeros(64, width, device="meta")
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return self.fc(x) + self.pe[: x.size(1)]  # fails


# aotlens: Unflattened()(torch.randint(9, (2, 5)), torch.randint(9, (2, 5)))
class Unflattened(nn.Module):
    """Logits of each token in a loss that has its classes in the second dimension."""

    def __init__(self, vocab=9):
        super().__init__()
        self.emb = nn.Embedding(vocab, 4)
        self.head = nn.Linear(4, vocab)

    def forward(self, tokens, targets):
        logits = self.head(self.emb(tokens))
        return F.cross_entropy(logits, targets)  # fails


# aotlens: Unpacked()(torch.randn(2, 3, 8, 8))
class Unpacked(nn.Module):
    """A batch of images for a model of sequences."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        B, T, C = x.shape  # fails
        return self.fc(x.view(B * T, C))


# aotlens: Converted()(torch.randint(9, (2, 5)))
class Converted(nn.Module):
    """One layer is converted, and its input is not."""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(9, 4)
        self.head = nn.Linear(4, 9).to(torch.bfloat16)

    def forward(self, tokens):
        return self.head(self.emb(tokens))  # fails


# aotlens: Heads()(torch.randn(2, 5, 12))
class Heads(nn.Module):
    """The view counts three parts, the layer makes two."""

    def __init__(self, width=12, heads=3):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 2 * width)

    def forward(self, x):
        B, T, C = x.shape
        return self.qkv(x).view(B, T, 3, self.heads, C // self.heads)  # fails
