"""Modules of packages that others wrote."""

import torch
from conformer import Conformer
from einops.layers.torch import Rearrange, Reduce
from torch import nn
from x_transformers import Decoder, TransformerWrapper  # noqa: F401  # the example builds a decoder

TOKENS = torch.arange(12).view(2, 6)


# aotlens: Speech(dim=16, depth=1, dim_head=8, heads=2)(torch.randn(2, 10, 16))
class Speech(Conformer):
    """One block: attention, convolutions, batch norm."""


# aotlens: Language(num_tokens=32, max_seq_len=16, attn_layers=Decoder(dim=16, depth=2, heads=2))(TOKENS)
class Language(TransformerWrapper):
    """Two layers."""


# aotlens: Mixer()(torch.randn(2, 3, 8, 8))
class Mixer(nn.Module):
    """Layers of einops between those of torch."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Sequential(Rearrange("b c (h p) (w q) -> b (h w) (p q c)", p=4, q=4), nn.Linear(48, 16))
        self.tokens = nn.Sequential(Rearrange("b n d -> b d n"), nn.Linear(4, 4), Rearrange("b d n -> b n d"))
        self.head = nn.Sequential(Reduce("b n d -> b d", "mean"), nn.Linear(16, 4))

    def forward(self, image):
        x = self.patches(image)
        return self.head(x + self.tokens(x))
