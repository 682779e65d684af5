"""The models that `edits.py` edits, as texts of files. `{edit}` is where the edit is: a number in a `forward`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """A file, its target, and the example as expressions: the constructor's call, and the arguments of the call."""

    name: str
    text: str
    target: str
    constructor: str
    arguments: str
    rounds: int = 9

    @property
    def example(self) -> str:
        """The example as a pin has it."""
        return f"{self.constructor}({self.arguments})"

    def edited(self, number: int) -> str:
        """The text after an edit. The sizes stay, as in most edits."""
        return self.text.replace("{edit}", f"{1 + number / 100:.2f}")


_HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn

"""
_BLOCK = (
    _HEAD
    + """
class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.norm1(x)) * {edit}
        return x + self.mlp(self.norm2(x))
"""
)
_VIT = (
    _BLOCK.replace("is_causal=True", "is_causal=False")
    + """

class ViT(nn.Module):
    def __init__(self, size, patch, width, heads, layers, classes):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, images):
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.places
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])
"""
)
_LLAMA = (
    _HEAD
    + """
class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)


def rotated(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, width, heads, groups):
        super().__init__()
        self.size = width // heads
        self.q = nn.Linear(width, heads * self.size, bias=False)
        self.k = nn.Linear(width, groups * self.size, bias=False)
        self.v = nn.Linear(width, groups * self.size, bias=False)
        self.o = nn.Linear(heads * self.size, width, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        q, k, v = (w(x).view(batch, length, -1, self.size).transpose(1, 2) for w in (self.q, self.k, self.v))
        q, k = rotated(q, cos, sin), rotated(k, cos, sin)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.o(y.transpose(1, 2).reshape(batch, length, -1))


class MLP(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x)) * {edit}


class Layer(nn.Module):
    def __init__(self, width, heads, groups, hidden):
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(width), RMSNorm(width)
        self.attn = Attention(width, heads, groups)
        self.mlp = MLP(width, hidden)

    def forward(self, x, cos, sin):
        x = x + self.attn(self.norm1(x), cos, sin)
        return x + self.mlp(self.norm2(x))


class Llama(nn.Module):
    def __init__(self, vocab, width, heads, groups, hidden, layers):
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        self.layers = nn.ModuleList([Layer(width, heads, groups, hidden) for _ in range(layers)])
        self.norm = RMSNorm(width)
        self.head = nn.Linear(width, vocab, bias=False)
        self.size = width // heads

    def forward(self, ids):
        frequencies = 10000.0 ** (-torch.arange(0, self.size, 2) / self.size)
        angles = torch.outer(torch.arange(ids.shape[1]), frequencies).repeat(1, 2)
        cos, sin = angles.cos(), angles.sin()
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.head(self.norm(x))
"""
)
_LLAMA_70B = "Llama(32000, 8192, 64, 8, 28672, {layers})"
_IDS = "torch.zeros(1, 128, dtype=torch.long)"

MODELS = (
    Model("one block", _BLOCK, "Block", "Block(256, 8)", "torch.randn(2, 64, 256)", 15),
    Model("ViT", _VIT, "ViT", "ViT(224, 16, 384, 6, 12, 1000)", "torch.randn(2, 3, 224, 224)"),
    Model("2 layers", _LLAMA, "Llama", _LLAMA_70B.format(layers=2), _IDS, 15),
    Model("80 layers", _LLAMA, "Llama", _LLAMA_70B.format(layers=80), _IDS, 2),
)
"""One block, a ViT-S, and Llama 70B with two and with all of its layers."""
