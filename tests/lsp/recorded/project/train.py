import torch

from model import Net

net = Net(4)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    loss = net(torch.randn(2, 4)).sum()
    loss.backward()
    optimizer.step()
