"""A script that ends without its arguments, and indexes a batch whose data is missing; a list that the step fills."""

import argparse

import torch
from torch import nn

from missing_package import Pictures  # noqa: F401

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
options = parser.parse_args()
size = 8


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, size, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3))


if __name__ == "__main__":
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for data in Pictures(options.data):
        labels = data[2]
        output = net(data[0])
        losses = [*losses, nn.functional.cross_entropy(output, labels)]
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
