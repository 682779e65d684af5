"""Models with many equal layers, and models whose layers only look equal."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Placement, Replicate, Shard, distribute_tensor  # noqa: F401  # the examples of tests use Replicate
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils.checkpoint import checkpoint


class RMSNorm(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class Block(nn.Module):
    """A layer as in Llama: grouped queries, and a gated linear unit."""

    def __init__(self, dim: int, heads: int = 4, index: int = 0, bias: bool = False) -> None:
        super().__init__()
        self.heads, self.index = heads, index
        self.before_attention, self.before_mlp = RMSNorm(dim), RMSNorm(dim)
        self.wq = nn.Linear(dim, dim, bias=bias)
        self.wkv = nn.Linear(dim, dim, bias=bias)
        self.wo = nn.Linear(dim, dim, bias=bias)
        self.gate = nn.Linear(dim, 3 * dim, bias=bias)
        self.up = nn.Linear(dim, 3 * dim, bias=bias)
        self.down = nn.Linear(3 * dim, dim, bias=bias)

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        B, T, C = x.shape
        q = self.wq(x).view(B, T, self.heads, -1).transpose(1, 2)
        k, v = self.wkv(x).view(B, T, self.heads, -1).transpose(1, 2).chunk(2, dim=1)
        k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
        return self.wo(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attend(self.before_attention(x))
        y = self.before_mlp(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    def __init__(self, layers: int = 12, dim: int = 32, kind: type[Block] = Block) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, dim)
        self.layers = nn.ModuleList(kind(dim, index=index) for index in range(layers))
        self.norm = RMSNorm(dim)
        self.head = nn.Linear(dim, 100, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


class GPTBlock(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim), nn.Dropout(0.1))
        self.register_buffer("mask", torch.ones(16, 16, dtype=torch.bool).triu(1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.ln_1(x)
        x = x + self.attention(y, y, y, attn_mask=self.mask[: x.shape[1], : x.shape[1]], need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class TiedGPT(nn.Module):
    """The head is the embedding, and each layer has a buffer."""

    def __init__(self, layers: int = 12, dim: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, dim)
        self.position = nn.Parameter(torch.zeros(16, dim))
        self.blocks = nn.ModuleList(GPTBlock(dim) for _ in range(layers))
        self.head = nn.Linear(dim, 100, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.embedding(tokens) + self.position[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = self.head(x)
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())


class ViT(nn.Module):
    def __init__(self, layers: int = 12, dim: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, dim, 4, 4)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.encoder = nn.Sequential(
            *(nn.TransformerEncoderLayer(dim, 4, 2 * dim, batch_first=True, norm_first=True) for _ in range(layers))
        )
        self.head = nn.Linear(dim, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls.expand(x.shape[0], -1, -1), x), 1)
        return self.head(self.encoder(x)[:, 0])


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class ResNet(nn.Module):
    """Batch norm changes its buffers: the graph has outputs for them."""

    def __init__(self, layers: int = 12) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.body = nn.Sequential(*(Residual(8) for _ in range(layers)))
        self.head = nn.Linear(8, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(self.stem(image)).mean((2, 3)))


class Collector(Llama):
    """Returns what every layer gives."""

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:  # type: ignore[override]
        x = self.embedding(tokens)
        states = [x]
        for layer in self.layers:
            x = layer(x)
            states.append(x)
        return self.head(self.norm(x)), states


# --- layers that only look equal


class EveryFourth(Llama):
    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index % 4 == 3:
                x = x.relu()
        return self.head(self.norm(x))


class EverySixth(Llama):
    """The first layers that differ are none of those that are traced."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for index, layer in enumerate(self.layers):
            x = layer(x).tanh() if index % 6 == 5 else layer(x)
        return self.head(self.norm(x))


class SameFromOtherLines(Llama):
    """All layers compute the same, some from another line."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for index, layer in enumerate(self.layers):
            if index < 7:
                x = layer(x)
                continue
            x = layer(x)
        return self.head(self.norm(x))


class WindowedBlock(Block):
    """Every sixth layer sees the whole text; the class of all layers is one."""

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        return super().attend(x if self.index % 6 == 5 else x - x.mean(1, keepdim=True))


class Windowed(Llama):
    def __init__(self) -> None:
        super().__init__(kind=WindowedBlock)


class LayerDrop(Llama):
    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for layer in self.layers:
            if random.random() >= 0.001:
                x = layer(x)
        return self.head(self.norm(x))


class Shared(Llama):
    """One layer, called twelve times."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([self.layers[0]] * 12)


class SharedPart(Llama):
    def __init__(self) -> None:
        super().__init__()
        for layer in self.layers:
            layer.wo = self.layers[0].wo


class SomeCheckpointed(Llama):
    """The operations of the forward pass are the same in all layers; what is saved is not."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for index, layer in enumerate(self.layers):
            x = checkpoint(layer, x, use_reentrant=False) if index >= 6 else layer(x)
        return self.head(self.norm(x))


class SomeFrozen(Llama):
    def __init__(self) -> None:
        super().__init__()
        self.layers[:8].requires_grad_(False)


class SomeDetached(Llama):
    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for index, layer in enumerate(self.layers):
            with torch.set_grad_enabled(index != 7):
                x = layer(x)
        return self.head(self.norm(x))


class Skips(Llama):
    """A layer in the middle also reads what a much earlier one gave."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        states = []
        for index, layer in enumerate(self.layers):
            states.append(x)
            x = layer(x + states[index - 6] if index >= 6 else x + x)
        return self.head(self.norm(x))


class CountsLayers(Llama):
    """The number of layers is a number in the call."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x) / len(self.layers)
        return self.head(self.norm(x))


class Indexed(Llama):
    """Layers are taken by their numbers: there are none to leave out."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = len(self.layers)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for index in range(self.depth):
            x = self.layers[index](x)
        return self.head(self.norm(x))


class Wrapped(nn.Module):
    """Layers with a weight that is a tensor subclass."""

    def __init__(self, layers: int = 12, dim: int = 16) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(dim, dim), nn.ReLU()) for _ in range(layers))
        for layer in self.layers:
            weight = layer[0].weight.detach()
            layer[0].weight = nn.Parameter(TwoTensor(weight, weight.clone()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = x + layer(x)
        return x


class Sharded(nn.Module):
    """Layers whose weights are sharded, so that DTensor gathers what each computes."""

    def __init__(self, layers: int = 12, dim: int = 16) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(dim, dim, bias=False), nn.Tanh()) for _ in range(layers))
        for layer in self.layers:
            layer[0].weight = nn.Parameter(shard(layer[0].weight.detach(), Shard(0)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = x + layer(x)
        return x


def shard(tensor: torch.Tensor, placement: Placement) -> DTensor:
    return distribute_tensor(tensor, init_device_mesh("cpu", (8,), mesh_dim_names=("tp",)), [placement])
