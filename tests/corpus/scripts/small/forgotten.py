"""A head that is made after the optimizer, and a teacher that gets no gradient: the first is never trained."""

import torch
from torch import nn


def main():
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    teacher = nn.Linear(8, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    head = nn.Linear(8, 4)
    for x in torch.randn(3, 2, 8):
        with torch.no_grad():
            wanted = teacher(x)
        loss = nn.functional.mse_loss(head(model(x)), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
