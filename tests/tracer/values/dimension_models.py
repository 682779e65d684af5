"""Models whose dimensions are followed, each with two sets of sizes.

In the first, many sizes are equal by chance; in the second, none are. What a model does is the same with both.
"""
# ruff: noqa: RUF059  # sizes get names that nothing reads

from __future__ import annotations

import importlib.util
import sys
import types
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.nn import functional as F

from .operations import operations

Built = tuple[nn.Module, tuple[Any, ...], dict[str, Any]]

_STUBS = ("torchvision", "torchvision.models", "torchvision.transforms")
"""Modules that other models of vit_pytorch need. Other packages ask whether they are there, and would be misled."""


def _without_torchvision() -> None:
    """Import vit_pytorch, also if torchvision is not installed."""
    if "torchvision" in sys.modules or importlib.util.find_spec("torchvision") is not None:
        return
    stubs = {name: types.ModuleType(name) for name in _STUBS}
    for stub in stubs.values():
        stub.__path__ = []
    with patch.dict(sys.modules, stubs):
        import vit_pytorch.vit  # noqa: F401  # the first import alone reads torchvision

        kept = {name: module for name, module in sys.modules.items() if name not in _STUBS}
    sys.modules.update(kept)  # what was imported meanwhile stays


class Attention(nn.Module):
    def __init__(self, n_embd: int, n_head: int, block_size: int) -> None:
        super().__init__()
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.c_proj = nn.Linear(n_embd, n_embd)
        self.n_head, self.n_embd = n_head, n_embd
        mask = torch.tril(torch.ones(block_size, block_size))
        self.register_buffer("mask", mask.view(1, 1, block_size, block_size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * 0.1
        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
        y = att.softmax(dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class GPT(nn.Module):
    def __init__(self, vocab_size: int, n_embd: int, n_head: int, block_size: int) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocab_size, n_embd)
        self.wpe = nn.Embedding(block_size, n_embd)
        self.attn = nn.ModuleList([Attention(n_embd, n_head, block_size) for _ in range(2)])
        self.norm = nn.LayerNorm(n_embd)
        self.fc = nn.Sequential(nn.Linear(n_embd, 4 * n_embd), nn.GELU(), nn.Linear(4 * n_embd, n_embd))
        self.head = nn.Linear(n_embd, vocab_size, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, idx: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        b, t = idx.size()
        x = self.wte(idx) + self.wpe(torch.arange(0, t))
        for attention in self.attn:
            x = x + attention(self.norm(x))
            x = x + self.fc(x)
        logits = self.head(x)
        return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))


def gpt(B: int, T: int, V: int, C: int, H: int, block: int) -> Built:
    indices = torch.zeros(B, T, dtype=torch.long)
    return GPT(V, C, H, block), (indices, indices.clone()), {}


class UNet(nn.Module):
    def __init__(self, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.depthwise = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.groups = nn.GroupNorm(2, 2 * width)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.pool, self.wider = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        self.out = nn.Conv2d(2 * width, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, c, h, w = x.shape
        a = F.relu(self.norm(self.conv(x)))
        inner = self.groups(self.depthwise(self.down(a)))
        pooled = self.wider(self.pool(a))
        joined = torch.cat([a, self.up(inner) + pooled], dim=1)
        padded = F.pad(joined, (1, 1, 0, 0))
        return self.out(padded[:, :, 1:]).flatten(2).mean(-1, keepdim=True)


def unet(B: int, channels: int, width: int, classes: int, h: int, w: int) -> Built:
    return UNet(channels, width, classes), (torch.randn(B, channels, h, w),), {}


class Tagger(nn.Module):
    def __init__(self, vocab: int, dim: int, hidden: int, tags: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.lstm = nn.LSTM(dim, hidden, 2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(2 * hidden, hidden)
        self.out = nn.Linear(hidden, tags)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        batch, steps = words.shape
        states, _ = self.lstm(self.embed(words))
        states, last = self.gru(states)
        return self.out(states).log_softmax(-1)


def tagger(B: int, T: int, vocab: int, dim: int, hidden: int, tags: int) -> Built:
    return Tagger(vocab, dim, hidden, tags), (torch.zeros(B, T, dtype=torch.long),), {}


class Experts(nn.Module):
    def __init__(self, dim: int, n_experts: int, hidden: int, k: int) -> None:
        super().__init__()
        self.gate = nn.Linear(dim, n_experts)
        self.up = nn.Parameter(torch.randn(n_experts, dim, hidden))
        self.down = nn.Parameter(torch.randn(n_experts, hidden, dim))
        self.k = k

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, T, C = x.shape
        flat = x.reshape(B * T, C)
        weights, chosen = self.gate(flat).softmax(-1).topk(self.k, dim=-1)
        hidden = torch.einsum("nc,ech->neh", flat, self.up).relu()
        out = torch.einsum("neh,ehc->nec", hidden, self.down)
        out = out.gather(1, chosen[..., None].expand(-1, -1, C))
        mixed = (out * weights[..., None]).sum(1).view(B, T, C)
        one, other = mixed.chunk(2, dim=-1)
        return torch.stack([one, other]).amax(0) + F.glu(mixed, dim=-1)


def experts(B: int, T: int, dim: int, n_experts: int, hidden: int, k: int) -> Built:
    return Experts(dim, n_experts, hidden, k), (torch.randn(B, T, dim),), {}


class Windows(nn.Module):
    def __init__(self, dim: int, window: int, heads: int) -> None:
        super().__init__()
        self.window, self.heads = window, heads
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.bias = nn.Parameter(torch.zeros(1, 1, 1, dim))

    def forward(self, x: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
        B, H, W, C = x.shape
        w = self.window
        x = x + self.bias
        windows = x.view(B, H // w, w, W // w, w, C).permute(0, 1, 3, 2, 4, 5).reshape(-1, w * w, C)
        windows = self.attention(windows, windows, windows, need_weights=False)[0]
        merged = windows.view(B, H // w, W // w, w, w, C).permute(0, 1, 3, 2, 4, 5).reshape(B, H, W, C)
        rolled = torch.roll(merged, (1, 1), (1, 2)).masked_fill(keep[:, None, None, None], 0.0)
        return torch.where(keep.view(B, 1, 1, 1), rolled, merged).sum((1, 2))


def windows(B: int, H: int, W: int, dim: int, window: int, heads: int) -> Built:
    return Windows(dim, window, heads), (torch.randn(B, H, W, dim), torch.ones(B, dtype=torch.bool)), {}


def transformer(B: int, T: int, S: int, dim: int, heads: int) -> Built:
    model = nn.Transformer(dim, heads, 1, 1, 4 * dim, batch_first=True)
    return model, (torch.randn(B, T, dim), torch.randn(B, S, dim)), {}


def llama(B: int, T: int, dim: int, heads: int, kv_heads: int, inner: int, vocab: int) -> Built:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocab,
        hidden_size=dim,
        intermediate_size=inner,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        max_position_embeddings=64,
        use_cache=False,
    )
    return LlamaForCausalLM(config), (torch.zeros(B, T, dtype=torch.long),), {}


def t5(B: int, T: int, S: int, dim: int, heads: int, inner: int, vocab: int, kv: int) -> Built:
    from transformers import T5Config, T5Model

    config = T5Config(
        vocab_size=vocab, d_model=dim, d_kv=kv, d_ff=inner, num_layers=2, num_heads=heads, use_cache=False
    )
    texts = {"input_ids": torch.zeros(B, T, dtype=torch.long), "decoder_input_ids": torch.zeros(B, S, dtype=torch.long)}
    return T5Model(config), (), texts


def vit(B: int, image: int, patch: int, dim: int, heads: int, head: int, inner: int, classes: int) -> Built:
    _without_torchvision()
    from vit_pytorch.vit import ViT

    model = ViT(
        image_size=image,
        patch_size=patch,
        num_classes=classes,
        dim=dim,
        depth=2,
        heads=heads,
        mlp_dim=inner,
        dim_head=head,
    )
    return model, (torch.randn(B, 3, image, image),), {}


MODELS: dict[str, tuple[Any, dict[str, int], dict[str, int]]] = {
    "gpt": (
        gpt,
        {"B": 2, "T": 16, "V": 64, "C": 16, "H": 4, "block": 16},
        {"B": 3, "T": 7, "V": 101, "C": 30, "H": 5, "block": 23},
    ),
    "unet": (
        unet,
        {"B": 4, "channels": 4, "width": 4, "classes": 4, "h": 16, "w": 16},
        {"B": 3, "channels": 5, "width": 6, "classes": 7, "h": 22, "w": 26},
    ),
    "tagger": (
        tagger,
        {"B": 8, "T": 8, "vocab": 16, "dim": 8, "hidden": 8, "tags": 8},
        {"B": 3, "T": 7, "vocab": 23, "dim": 11, "hidden": 13, "tags": 5},
    ),
    "experts": (
        experts,
        {"B": 2, "T": 8, "dim": 8, "n_experts": 4, "hidden": 8, "k": 2},
        {"B": 3, "T": 7, "dim": 10, "n_experts": 5, "hidden": 13, "k": 3},
    ),
    "windows": (
        windows,
        {"B": 4, "H": 16, "W": 16, "dim": 16, "window": 4, "heads": 4},
        {"B": 3, "H": 15, "W": 35, "dim": 30, "window": 5, "heads": 6},
    ),
    "operations": (operations, {"B": 4, "T": 4, "C": 4}, {"B": 6, "T": 10, "C": 14}),
    "transformer": (
        transformer,
        {"B": 4, "T": 4, "S": 4, "dim": 16, "heads": 4},
        {"B": 3, "T": 7, "S": 5, "dim": 30, "heads": 5},
    ),
    "llama": (
        llama,
        {"B": 2, "T": 8, "dim": 32, "heads": 4, "kv_heads": 2, "inner": 32, "vocab": 32},
        {"B": 3, "T": 7, "dim": 60, "heads": 6, "kv_heads": 3, "inner": 44, "vocab": 101},
    ),
    "t5": (
        t5,
        {"B": 4, "T": 16, "S": 16, "dim": 16, "heads": 4, "inner": 16, "vocab": 32, "kv": 4},
        {"B": 3, "T": 7, "S": 11, "dim": 30, "heads": 5, "inner": 44, "vocab": 101, "kv": 9},
    ),
    "vit": (
        vit,
        {"B": 4, "image": 16, "patch": 4, "dim": 16, "heads": 4, "head": 4, "inner": 16, "classes": 16},
        {"B": 3, "image": 42, "patch": 6, "dim": 30, "heads": 5, "head": 8, "inner": 44, "classes": 19},
    ),
}
