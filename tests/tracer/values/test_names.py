"""The names of dimensions: those that the code gives, in the function where they are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from aotlens_tracer.wire.values import TensorValue

from .recording import Recording, load, recorded_with_names

_IMPORTS = """
    import torch
    from torch import nn
    from torch.nn import functional as F
"""


def names(
    folder: Path, source: str, example: Callable[[Any], tuple[Any, tuple[Any, ...]]]
) -> Callable[[str, int], list[str]]:
    """The names of the dimensions of an expression, for each value. Lines count from the first one of `source`."""
    module = load(folder, _IMPORTS + source)
    recording = recorded_with_names(module, lambda: example(module))
    assert recording.error is None
    start = len(_IMPORTS.splitlines())

    def of(text: str, line: int) -> list[str]:
        seen = recording.recorded(text, start + line).seen
        return [_named(recording, recording.values.values[each.value]) for each in seen]

    return of


def _named(recording: Recording, value: Any) -> str:
    assert isinstance(value, TensorValue)
    known = [recording.values.dimensions[dimension] if dimension is not None else None for dimension in value.dims]
    return ", ".join(next(iter(each.names), "-") if each is not None else "?" for each in known)


def test_names_of_a_shape_spread_through_the_function(tmp_path: Path) -> None:
    of = names(
        tmp_path,
        """
    class Attention(nn.Module):
        def __init__(self, n_embd, n_head):
            super().__init__()
            self.c_attn = nn.Linear(n_embd, 3 * n_embd)
            self.c_proj = nn.Linear(n_embd, n_embd)
            self.n_head, self.n_embd = n_head, n_embd
            self.register_buffer("mask", torch.tril(torch.ones(16, 16)).view(1, 1, 16, 16))

        def forward(self, x):
            B, T, C = x.size()
            q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
            q, k, v = (t.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for t in (q, k, v))
            att = (q @ k.transpose(-2, -1)).masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
            y = (att.softmax(dim=-1) @ v).transpose(1, 2).reshape(B, T, C)
            return self.c_proj(y)

    class Block(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.attn = Attention(config["n_embd"], config["n_head"])
            self.fc = nn.Linear(config["n_embd"], 4 * config["n_embd"])

        def forward(self, x):
            h = x + self.attn(x)
            return self.fc(h)
        """,
        lambda module: (module.Block({"n_embd": 64, "n_head": 4}), (torch.randn(2, 16, 64),)),
    )
    assert of("x", 11) == ["B, T, C"]
    assert of("self.c_attn(x)", 12) == ["B, T, 3 * n_embd"]
    assert of("q", 12) == ["B, T, C"]
    assert of("att", 14) == ["B, n_head, T, T"]
    assert of("self.mask", 14) == ["-, -, -, -"]
    assert of("y", 16) == ["B, T, C"]
    assert of("h", 25) == ["B, T, n_embd"]


def test_names_in_patterns(tmp_path: Path) -> None:
    of = names(
        tmp_path,
        """
    from einops import rearrange
    from einops.layers.torch import Rearrange

    class Patches(nn.Module):
        def __init__(self, dim, heads):
            super().__init__()
            self.to_patches = Rearrange("batch c (h p) (w q) -> batch (h w) (p q c)", p=4, q=4)
            self.embed = nn.Linear(48, dim)
            self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
            self.to_qkv = nn.Linear(dim, 3 * dim)
            self.heads = heads

        def forward(self, image):
            x = self.embed(self.to_patches(image))
            b, n, _ = x.shape
            x = torch.cat((self.cls_token.expand(b, -1, -1), x), dim=1)
            q, k, v = (rearrange(t, "b n (h d) -> b h n d", h=self.heads) for t in self.to_qkv(x).chunk(3, dim=-1))
            scores = torch.einsum("b h i d, b h j d -> b h i j", q, k)
            return scores
        """,
        lambda module: (module.Patches(64, 4), (torch.randn(2, 3, 32, 32),)),
    )
    assert of("image", 14) == ["b, c, -, -"]
    assert of("self.embed(self.to_patches(image))", 15) == ["b, n, dim"]
    assert of("x", 16) == ["b, n, dim"]
    assert of("torch.cat((self.cls_token.expand(b, -1, -1), x), dim=1)", 17) == ["b, n + 1, dim"]
    assert of("q", 18) == ["b, h, n + 1, d"]
    assert of("scores", 19) == ["b, h, n + 1, n + 1"]


def test_names_in_annotations_and_arguments(tmp_path: Path) -> None:
    of = names(
        tmp_path,
        """
    class Float:
        def __class_getitem__(cls, item):
            return cls

    class Mixer(nn.Module):
        def forward(self, x, mask):
            return self.mixed(x, mask)

        def mixed(self, x: Float[torch.Tensor, "batch *rest channels"], mask: Float[torch.Tensor, "time"]):
            x = x * mask[:, None]
            noise = torch.randn(self.width, 2)
            half = x.shape[-1] // 2
            y = x.unflatten(-1, (half, 2)) @ noise.T
            return torch.full((len(x), half, x.shape[1], self.width), 1.0) + y.transpose(1, 2), noise

        width = 5
        """,
        lambda module: (module.Mixer(), (torch.randn(2, 16, 16), torch.ones(16))),
    )
    assert of("x", 7) == ["batch, time, channels"]
    assert of("x * mask[:, None]", 11) == ["batch, time, channels"]
    assert of("noise", 12) == ["width, ?"]
    assert of("x.unflatten(-1, (half, 2))", 14) == ["batch, time, half, channels // half"]
    assert of("y", 14) == ["batch, time, half, width"]


def test_sizes_that_are_equal_by_chance_have_names_of_their_own(tmp_path: Path) -> None:
    of = names(
        tmp_path,
        """
    class Cross(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.positions = nn.Parameter(torch.zeros(16, dim))
            self.key = nn.Linear(dim, dim)

        def forward(self, x, context):
            b, t, _ = x.shape
            s = context.size(1)
            scores = x @ self.key(context).transpose(1, 2)
            one = x[:1] + self.positions[:t]
            return scores, one
        """,
        lambda module: (module.Cross(16), (torch.randn(2, 16, 16), torch.randn(2, 16, 16))),
    )
    assert of("scores", 11) == ["b, t, s"]
    assert of("self.positions", 12) == ["-, dim"]
    assert of("self.positions[:t]", 12) == ["t, dim"]
    assert of("x[:1]", 12) == ["?, t, dim"]


def test_a_batch_of_one_is_not_lost_in_a_product(tmp_path: Path) -> None:
    of = names(
        tmp_path,
        """
    class Flat(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.fc = nn.Linear(dim, 4 * dim)
            self.token = nn.Parameter(torch.zeros(1, dim))

        def forward(self, x):
            shape = x.shape
            B, T, C = shape
            y = self.fc(x.flatten(0, 1)) + 1
            token = self.token.expand(B, -1)
            return y, token, self.token
        """,
        lambda module: (module.Flat(64), (torch.randn(1, 16, 64),)),
    )
    assert of("x.flatten(0, 1)", 11) == ["B * T, C"]
    assert of("y", 13) == ["B * T, 4 * dim"]
    assert of("token", 13) == ["B, dim"]
    assert of("self.token", 13) == ["-, dim"]
