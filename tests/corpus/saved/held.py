"""Models whose memory after the call is measured: what autograd keeps, and the result."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


# aotlens: LastToken(64)(torch.randn(2, 100, 64))
class LastToken(nn.Module):
    """A view of the last token keeps all tokens alive."""

    def __init__(self, width):
        super().__init__()
        self.lin = nn.Linear(width, width)
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        h = self.lin(x)
        return self.head(h[:, -1])


# aotlens: LastTokenCopied(64)(torch.randn(2, 100, 64))
class LastTokenCopied(LastToken):
    """A copy of the last token does not."""

    def forward(self, x):
        h = self.lin(x)
        return self.head(h[:, -1].clone())


# aotlens: LastTokenReturned(64)(torch.randn(2, 100, 64))
class LastTokenReturned(LastToken):
    """A copy would not help: the result keeps all tokens too."""

    def forward(self, x):
        h = self.lin(x)
        return self.head(h[:, -1]), h


# aotlens: Slices(32)(torch.randn(4, 50, 32))
class Slices(nn.Module):
    """Parts of several values, by slices, chunks, splits, expanded rows and every second column."""

    def __init__(self, width):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        q, k, _ = self.qkv(x).chunk(3, -1)
        scores = (q.sin() @ k.transpose(1, 2)).softmax(-1)
        first, _ = self.out(x).split([10, 40], 1)
        rows = self.out(x)[:, :1].expand(4, 50, 32)
        return scores[:, ::2, ::2].exp().sum() + first.cos().mean() + (rows * self.out(x)[..., 5:9].sum(-1, True)).sum()


# aotlens: Masked(32, 4)(torch.randn(2, 10, 32), torch.ones(2, 10, dtype=torch.bool))
class Masked(nn.Module):
    """Attention with a mask of the call's own."""

    def __init__(self, width, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True, dropout=0.1)
        self.norm = nn.LayerNorm(width)

    def forward(self, x, valid):
        y = self.norm(x)
        causal = torch.ones(10, 10, dtype=torch.bool).triu(1)
        y, weights = self.attention(y, y, y, key_padding_mask=~valid, attn_mask=causal)
        return x + y, weights


# aotlens: Scaled(32, 4)(torch.randn(2, 10, 32))
class Scaled(nn.Module):
    """`scaled_dot_product_attention` on views of one projection."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)


# aotlens: Images(8)(torch.randn(2, 3, 16, 16))
class Images(nn.Module):
    """Convolutions, batch norm, in-place activations and pooling."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, stride=2),
            nn.GroupNorm(4, 2 * width),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(2 * width, 5),
        )

    def forward(self, image):
        return self.layers(image)


# aotlens: Recurrent(16)(torch.randn(7, 2, 16))
class Recurrent(nn.Module):
    """A recurrent network whose last state is used."""

    def __init__(self, width):
        super().__init__()
        self.cell = nn.LSTMCell(width, width)
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        state = None
        for step in x:
            state = self.cell(step, state)
        return self.head(state[0])


# aotlens: Checkpointed(128)(torch.randn(1024, 128))
class Checkpointed(nn.Module):
    """Layers with dropout that are computed again; each keeps the state of the random numbers, too: 5 KB."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        x = x * self.layers[0].weight[0]
        for layer in self.layers[:2]:
            x = checkpoint(
                lambda t, layer=layer: F.dropout(F.gelu(layer(t)), 0.3, self.training), x, use_reentrant=False
            )
        for layer in self.layers[2:]:
            x = checkpoint(lambda t, layer=layer: F.gelu(layer(t)).tanh(), x, use_reentrant=True)
        return x


# aotlens: Dropped(64)(torch.randn(8, 64))
class Dropped(nn.Module):
    """Dropout, and a loss of the last row."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(3))

    def forward(self, x):
        for layer in self.layers:
            x = F.dropout(F.gelu(layer(x)), 0.3, self.training)
        return x[-1].square().sum()


class Scale(torch.autograd.Function):
    """Keeps one value by `save_for_backward`, and one as an attribute."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.exp())
        ctx.square = x * x
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        (exp,) = ctx.saved_tensors
        return gradient * exp * ctx.square


# aotlens: Kept(16)(torch.randn(4, 16))
class Kept(nn.Module):
    """Values that a custom function keeps, and values that hooks keep in half precision."""

    def __init__(self, width):
        super().__init__()
        self.lin = nn.Linear(width, width)

    def forward(self, x):
        x = Scale.apply(self.lin(x))
        with torch.autograd.graph.saved_tensors_hooks(lambda t: (t.dtype, t.half()), lambda kept: kept[1].to(kept[0])):
            return self.lin(x).sigmoid()
