"""A training script whose loss hardly moves, for five reasons. See docs/stuck.md."""

import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, width=64, classes=10):
        super().__init__()
        self.embed = nn.Linear(32, width)
        self.blocks = [nn.Linear(width, width) for _ in range(2)]
        self.gate = nn.Parameter(torch.zeros(width))
        self.scale = nn.Parameter(torch.ones(width))
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.embed(x).relu().detach()
        for block in self.blocks:
            x = x + block(x).relu()
        gate = self.gate.sigmoid().round()
        x = x * gate * self.scale.data
        return self.head(x)


def batches(count=100):
    for _ in range(count):
        yield torch.randn(16, 32), torch.randint(10, (16,))


def train():
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model.head = nn.Linear(64, 10)
    for x, y in batches():
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    train()
