"""A training script: its step is traced."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.first = nn.Linear(12, width)
        self.last = nn.Linear(width, 4)

    def forward(self, x):
        return self.last(F.relu(self.first(x)))


def train():
    data = TensorDataset(torch.randn(64, 12), torch.randint(4, (64,)))
    loader = DataLoader(data, batch_size=8)
    model = Net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for x, y in loader:
        optimizer.zero_grad()
        logits = model(x)
        loss = F.cross_entropy(logits, y)
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    train()
