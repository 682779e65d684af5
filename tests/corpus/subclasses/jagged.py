"""Jagged nested tensors: what torch can differentiate and trace, and what it cannot."""

import torch
from torch import nn


def jagged(width=8, layout=torch.jagged):
    return torch.nested.nested_tensor([torch.randn(rows, width) for rows in (2, 5, 3)], layout=layout)


class Layer(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.fc = nn.Linear(width, width)


# aotlens: Sum()(jagged())
class Sum(Layer):
    def forward(self, x):
        return self.fc(x).sum(1)


# aotlens: Mean()(jagged())
class Mean(Layer):
    def forward(self, x):
        return self.fc(x).mean(1)


# aotlens: Padded()(jagged())
class Padded(Layer):
    def forward(self, x):
        return torch.nested.to_padded_tensor(self.fc(x), 0.0).sum(1)


# aotlens: Segments()(jagged())
class Segments(Layer):
    def forward(self, x):
        y = self.fc(x)
        return torch.segment_reduce(y.values(), "sum", offsets=y.offsets())


class Attention(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)

    def heads(self, x):
        return x.unflatten(-1, [2, -1]).transpose(1, 2)

    def attend(self, *parts):
        q, k, v = map(self.heads, parts)
        return nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(-2)


# aotlens: Chunked()(jagged())
class Chunked(Attention):
    def forward(self, x):
        return self.attend(*self.qkv(x).chunk(3, -1))


# aotlens: Contiguous()(jagged())
class Contiguous(Attention):
    def forward(self, x):
        return self.attend(*(part.contiguous() for part in self.qkv(x).chunk(3, -1)))


# aotlens: PaddedAttention()(jagged())
class PaddedAttention(Attention):
    def forward(self, x):
        q, k, v = (self.heads(torch.nested.to_padded_tensor(part, 0.0)) for part in self.qkv(x).chunk(3, -1))
        mask = torch.nested.to_padded_tensor(torch.ones_like(x), 0.0)[..., 0].bool()[:, None, None]
        return nn.functional.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(-2)


# aotlens: OldLayout()(jagged(layout=torch.strided))
class OldLayout(Layer):
    def forward(self, x):
        return self.fc(x)
