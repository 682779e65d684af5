"""Calls that eager makes and that cannot be captured."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


# aotlens: Padded()(torch.randint(20, (2, 5)))
class Padded(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 4, padding_idx=0, sparse=True)
        self.tags = nn.Embedding(20, 4)

    def forward(self, ids):
        tags = self.tags(ids)
        words = self.words(ids)  # fails
        return words + tags


# aotlens: Masked()(torch.randn(4, 3), torch.tensor([True, False, True, True]))
class Masked(nn.Module):
    def forward(self, x, mask):
        return x[mask] * 2


# aotlens: Unique()(torch.randint(5, (6,)))
class Unique(nn.Module):
    def forward(self, ids):
        return torch.unique(ids)


# aotlens: Repeated()(torch.randn(3, 4), torch.tensor([1, 2, 1]))
class Repeated(nn.Module):
    def forward(self, x, counts):
        return x.repeat_interleave(counts, dim=0)


# aotlens: Packing()(torch.randn(2, 5, 4), torch.tensor([5, 3]))
class Packing(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 4, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)  # fails
        return self.rnn(packed)[1]


# aotlens: Branch()(torch.randn(3))
class Branch(nn.Module):
    def forward(self, x):
        if x.sum() > 0:  # fails
            return x
        return -x


# aotlens: Equal()(torch.randn(3), torch.randn(3))
class Equal(nn.Module):
    def forward(self, x, y):
        return x if torch.equal(x, y) else y  # fails


# aotlens: Listed()(torch.randn(3))
class Listed(nn.Module):
    def forward(self, x):
        return [value * 2 for value in x.tolist()]  # fails


# aotlens: Counted()(torch.randint(5, (6,)))
class Counted(nn.Module):
    def forward(self, ids):
        return torch.bincount(ids)
