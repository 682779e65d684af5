import torch
from torch import nn
import torch.nn.functional as F

width = 6
net = nn.Linear(width, 3)


def train(loader):
    # The batch of the loader that this project has no data for.
    # aotlens: (torch.randn(5, width),
    #   torch.randint(3, (5,)))
    for index, (x, y) in enumerate(loader):
        loss = F.cross_entropy(net(x), y)
        loss.backward()


def again(loader):
    # aotlens: torch.randn(5, breadth)
    for x in loader:
        loss = net(x).sum()
        loss.backward()


train(open("data.txt"))
again(open("data.txt"))
