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
