"""Modules for which nobody wrote an example, each for one way in which an example is inferred."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from einops import rearrange
from einops.layers.torch import Rearrange
from torch import nn


class Attention(nn.Module):
    """Sizes that have to agree, by name; the width from the first layer that is called."""

    def __init__(self, dim, heads=4):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, dim * 3, bias=False)

    def forward(self, x):
        q, k, v = (rearrange(t, "b n (h d) -> b h n d", h=self.heads) for t in self.to_qkv(self.norm(x)).chunk(3, -1))
        return rearrange(nn.functional.scaled_dot_product_attention(q, k, v), "b h n d -> b n (h d)") + x


class Convolution(nn.Module):
    """Rank and channels from a convolution."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(12, 8, 3)

    def forward(self, maps):
        return self.conv(maps)


class Unpacked(nn.Module):
    """The rank from an unpacked shape."""

    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        b, c, h, w = x.shape
        return (x * self.scale).reshape(b, c, h * w)


class Patches(nn.Module):
    """An image from an einops layer, through the layer behind it."""

    def __init__(self, dim, patch_size):
        super().__init__()
        self.embed = nn.Sequential(
            Rearrange("b c (h p1) (w p2) -> b (h w) (p1 p2 c)", p1=patch_size, p2=patch_size),
            nn.Linear(3 * patch_size**2, dim),
        )

    def forward(self, x):
        return self.embed(x)


class Embedded(nn.Module):
    """Integers from an embedding, however the argument is called."""

    def __init__(self, vocab_size: int, dim: int):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)

    def forward(self, x):
        return self.embed(x).mean(dim=1)


@dataclasses.dataclass
class SettingsOfAModel:
    width: int = 48
    num_layers: int = 12
    activation: str = "gelu"


class Configured(nn.Module):
    """A configuration with defaults, whose stack is cut."""

    def __init__(self, config: SettingsOfAModel):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(config.width, config.width) for _ in range(config.num_layers))

    def forward(self, hidden_states: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        for layer in self.layers:
            hidden_states = layer(hidden_states)
        return hidden_states


class NeedsTheOptional(nn.Module):
    """An argument that may be left out by the signature only."""

    def __init__(self, dim):
        super().__init__()
        self.to_q = nn.Linear(dim, dim)
        self.to_k = nn.Linear(32, dim)

    def forward(self, x, context=None):
        return self.to_q(x) @ self.to_k(context).transpose(1, 2)


class Multiplied(nn.Module):
    """A width that only the error tells."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(24, 10))

    def forward(self, x):
        flat = torch.cat([x, x], dim=-1)
        return flat @ self.weight


class Wrapper(nn.Module):
    """Another module, and a class of modules."""

    def __init__(self, dim: int, fn: nn.Module, norm_layer: type[nn.Module], act: Callable = nn.GELU):
        super().__init__()
        self.norm, self.fn, self.act = norm_layer(dim), fn, act()

    def forward(self, x, **kwargs):
        return self.act(self.fn(self.norm(x))) + x


class Encoder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.tokens = nn.Parameter(torch.zeros(1, 4, dim))
        self.body = nn.Linear(dim, dim)

    def forward(self, x):
        return self.body(x)


class UsesAnEncoder(nn.Module):
    """A module that is known by what is read from it."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, x):
        return self.encoder.body(torch.cat([self.encoder.tokens.expand(x.shape[0], -1, -1), x], dim=1))


class Annotated(nn.Module):
    """Axes and dtypes from annotations in jaxtyping's form, which need not be importable."""

    def forward(self, x: Float[torch.Tensor, "b c 5"], y: Int[torch.Tensor, "b"]):  # noqa: F821
        return x[y]


class Broken(nn.Module):
    """A mistake of its author's: whatever it is given, it fails."""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        return self.fd(x)


class Hopeless(nn.Module):
    """Needs what nobody can guess."""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x, oracle):
        return self.fc(x) * oracle.answer(x)


class Hangs(nn.Module):
    """Never comes back."""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        while True:
            pass
