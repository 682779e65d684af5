"""A model whose layers do not fit."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(9, 2))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for x in torch.randn(10, 3, 4):
    loss = model(x).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
