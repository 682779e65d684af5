"""A loss in the closure of an optimizer."""

import torch
from torch import nn
import torch.nn.functional as F

model = nn.Linear(3, 1)
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1)
x, y = torch.randn(10, 3), torch.randn(10, 1)


def train():
    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        return loss

    for _ in range(10):
        optimizer.step(closure)


train()
