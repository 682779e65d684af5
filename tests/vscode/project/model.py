import torch
import torch.nn.functional as F
from torch import nn

from layers import Block


# aotlens: Decoder(1000, width=64, layers=4)(torch.randint(1000, (2, 16)))
class Decoder(nn.Module):
    def __init__(self, vocab, width, layers):
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        self.blocks = nn.ModuleList(Block(width, heads=4) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocab, bias=False)
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, ids):
        self.steps += 1
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))
        return {"logits": logits, "loss": F.cross_entropy(logits.flatten(0, 1), ids.flatten())}

    def first_projection(self):
        return self.get_parameter("blocks.0.attn.qkv.weigth")
