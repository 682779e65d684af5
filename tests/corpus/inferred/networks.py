"""Modules that take networks, sizes and what else a shape alone does not tell: one for each rule of the guesses."""

import copy

import torch
from torch import nn
from torch.nn.attention.flex_attention import flex_attention


class Backbone(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, 1, dim))
        self.layer = nn.Linear(dim, dim)

    def forward(self, x):
        return self.layer(x + self.position)


class Probe(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, x):
        return self.backbone(x).mean(1)


class OfItsLayers(nn.Module):
    def __init__(self, net, layer=-2):
        super().__init__()
        self.net = net
        self.layer = layer

    def forward(self, x):
        found = []
        handle = list(self.net.children())[self.layer].register_forward_hook(lambda m, i, output: found.append(output))
        self.net(x)
        handle.remove()
        return found[0]


class OfPatches(nn.Module):
    def __init__(self, image_size, patch_size=12):
        super().__init__()
        assert image_size % patch_size == 0, "patches must cover the image"
        self.embed = nn.Conv2d(3, 8, patch_size, stride=patch_size)
        self.position = nn.Parameter(torch.zeros(1, (image_size // patch_size) ** 2, 8))

    def forward(self, img):
        return self.embed(img).flatten(2).transpose(1, 2) + self.position


class Distances(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(heads, 1, 1))

    def forward(self, i, j):
        return self.weight * (torch.arange(j - i, j)[:, None] - torch.arange(j))


class Scaled(nn.Module):
    def __init__(self, scale, fn=None):
        super().__init__()
        self.scale = scale
        self.fn = fn or nn.Linear(64, 64)

    def forward(self, *args, **kwargs):
        return self.fn(*args, **kwargs) * self.scale


class Stages(nn.Module):
    def __init__(self, channels: int, factors: list[int], depth=(2, 2, 8, 2)):
        super().__init__()
        self.blocks = nn.Sequential(*(nn.Conv1d(channels, channels, 1) for count in depth for _ in range(count)))
        assert len(factors) > 1

    def forward(self, x):
        return self.blocks(x)


class Staged(Stages):
    """The same, which no other class builds."""


class HandsOn(nn.Module):
    def __init__(self, loss=None, **kwargs):
        super().__init__()
        self.stages = Stages(**kwargs)

    def forward(self, x):
        return self.stages(x)


class Commented(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(
        self,
        steps,  # (r b n d)
    ):
        return self.weight * steps.sum((0, -1))


class Branches(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.branches = nn.ModuleList([nn.Conv2d(dim, dim, size, padding=size // 2) for size in (3, 5)])

    def forward(self, x):
        return torch.cat(tuple(map(lambda branch: branch(x), self.branches)), dim=1)  # noqa: C417


class Combined(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.combine = nn.Linear(dim * 2, dim)

    def forward(self, x, skip):
        return self.combine(torch.cat((x, skip), dim=-1))


class Cast(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.layer = nn.Linear(dim, dim)

    def forward(self, x, dtype: torch.dtype):
        return self.layer(x).to(dtype)


class Checked(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.layer = nn.Linear(dim, dim)

    def forward(self, x):
        if not torch.compiler.is_compiling() and bool((x > 1e9).any()):
            raise ValueError("too large")
        return self.layer(x)


class Flexible(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(dim, dim * 3)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.project(x).chunk(3, dim=-1))
        return flex_attention(q, k, v).transpose(1, 2).flatten(2)


class Half(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        self.layers = nn.Sequential(*(nn.Linear(dim, dim) for _ in range(depth)))

    def forward(self, x):
        return self.layers(x)


def taken_apart(prefix, kwargs):
    return {name.removeprefix(prefix): value for name, value in kwargs.items() if name.startswith(prefix)}


class ByPrefix(nn.Module):
    def __init__(self, dim, **kwargs):
        super().__init__()
        enc_kwargs = taken_apart("enc_", kwargs)
        dec_kwargs = taken_apart("dec_", kwargs)
        self.embed = nn.Embedding(enc_kwargs.pop("num_tokens"), dim)
        self.encoder = Half(dim, **enc_kwargs)
        self.head = nn.Linear(dim, dec_kwargs.pop("num_tokens"))
        self.decoder = Half(dim, **dec_kwargs)

    def forward(self, ids):
        return self.head(self.decoder(self.encoder(self.embed(ids))))


class NextToken(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.embed = nn.Embedding(256, dim)
        self.head = nn.Linear(dim, 256)

    def forward(self, x):
        given, wanted = x, x[:, 1:]
        given = torch.where(given == 0, 1, given)
        logits = self.head(self.embed(given[:, :-1]))
        return nn.functional.cross_entropy(logits.transpose(1, 2), wanted)


class Layers(nn.Module):
    def __init__(self, dim, causal=False):
        super().__init__()
        self.causal = causal
        self.layer = nn.Linear(dim, dim)

    def forward(self, x):
        return self.layer(x)


class CausalLayers(Layers):
    def __init__(self, dim):
        super().__init__(dim, causal=True)


class LanguageModel(nn.Module):
    def __init__(self, layers: Layers):
        super().__init__()
        self.embed = nn.Embedding(256, 64)
        self.layers = layers

    def forward(self, ids):
        return self.layers(self.embed(ids))


class Continues(nn.Module):
    def __init__(self, net: LanguageModel):
        super().__init__()
        assert net.layers.causal, "it continues from the left to the right"
        self.net = net

    def forward(self, ids):
        return self.net(ids)[:, -1]


class Unbuildable(nn.Module):
    def __init__(self, dim):
        super().__init__()
        raise RuntimeError("there is no room for it")

    def forward(self, x):
        return x


class OfWhatCannotBe(nn.Module):
    def __init__(self, net: Unbuildable):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)


class Weighted(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 64)

    def forward(self, x, number):
        assert x.shape == number.shape
        return self.embed(x) * number[..., None]


class Averaged(nn.Module):
    def __init__(self, net: LanguageModel):
        super().__init__()
        self.net = net
        self.register_buffer("steps", torch.zeros(1))
        self.average = copy.deepcopy(self)

    def forward(self, ids):
        with torch.no_grad():
            target = self.average.net(ids)
        return self.net(ids) - target


class Pooling(nn.Module):
    def forward(self, x):
        return self.pool(x)

    def pool(self, x):
        """What is left of a sequence."""
        raise NotImplementedError("each kind has its own")


class NormedPooling(Pooling):
    def __init__(self, inner: Pooling):
        super().__init__()
        self.inner = inner
        self.norm = nn.LayerNorm(64)

    def pool(self, x):
        return self.norm(self.inner(x))


class MeanPooling(Pooling):
    def pool(self, x):
        return x.mean(1)


class Pools(nn.Module):
    def __init__(self, pooling: Pooling, dim: int = 64):
        super().__init__()
        self.layer = nn.Linear(dim, dim)
        self.pooling = pooling

    def forward(self, x):
        return self.pooling(self.layer(x))
