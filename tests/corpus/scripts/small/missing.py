"""A model of a package that is not installed."""

import torch
from torch import nn
import package_that_is_not_installed

model = package_that_is_not_installed.Net(3)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for x in torch.randn(10, 3, 4):
    loss = model(x).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
