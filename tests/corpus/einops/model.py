"""Patterns of einops, and the same written with torch's own operations."""

from einops import EinopsError, rearrange, reduce, repeat
from torch import nn


# aotlens: Patterns()(torch.randn(2, 6, 8, requires_grad=True), torch.randn(8))
class Patterns(nn.Module):
    def forward(self, x, bias):
        batch = x.shape[0]
        heads = rearrange(x, "b (h d) n -> b h n d", h=3)
        bias = repeat(bias, "n -> b n", b=batch)
        return reduce(heads, "b h n d -> b n", "sum") + bias


# aotlens: Written()(torch.randn(2, 6, 8, requires_grad=True), torch.randn(8))
class Written(nn.Module):
    def forward(self, x, bias):
        batch = x.shape[0]
        heads = x.reshape(2, 3, 2, 8).permute(0, 1, 3, 2)
        bias = bias.reshape(8).permute(0)[None].expand(batch, 8)
        return heads.permute(0, 2, 1, 3).sum(dim=(2, 3)) + bias


# aotlens: OwnReduction()(torch.randn(2, 6, 8))
class OwnReduction(nn.Module):
    def forward(self, x):
        def largest(tensor, axes):
            return tensor.amax(axes)

        return reduce(x, "b c n -> b n", largest)


# aotlens: Falls()(torch.randn(2, 6))
class Falls(nn.Module):
    def forward(self, x):
        try:
            return rearrange(x, "b n d -> b d n")
        except EinopsError:
            return rearrange(x, "b (h d) -> b h d", h=2)


# aotlens: Wrong()(torch.randn(2, 6, 8))
class Wrong(nn.Module):
    def forward(self, x):
        return rearrange(x, "b c d -> b d", c=6)
