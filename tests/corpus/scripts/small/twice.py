"""Two classes of one name: Python keeps the second."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)

    def forward(self, x):
        return self.first(x)


class Net(nn.Module):  # noqa: F811
    def __init__(self):
        super().__init__()
        self.second = nn.Linear(8, 4)

    def forward(self, x):
        return self.second(x)


def main():
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for x, y in [(torch.randn(3, 8), torch.randint(0, 4, (3,)))]:
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
