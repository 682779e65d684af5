"""Classes in a model, which is called in a script: they are recorded in its call."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        h = self.norm(x)
        return x + self.fc(h)


class Tagger(nn.Module):
    def __init__(self, words, tags, width=24):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.rnn = nn.GRU(width, width, batch_first=True)
        self.blocks = nn.ModuleList([Block(width) for _ in range(2)])
        self.head = nn.Linear(width, tags)

    def forward(self, ids):
        h, _ = self.rnn(self.embed(ids))
        for block in self.blocks:
            h = block(h)
        return self.head(h)


if __name__ == "__main__":
    model = Tagger(words=100, tags=5)
    logits = model(torch.randint(100, (2, 7)))
