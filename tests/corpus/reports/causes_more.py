"""More modules of public reports about parameters that do not learn."""

import torch
import torch.nn.functional as F
from torch import nn


# A rotation matrix is built with `torch.tensor([[cos, -sin], [sin, cos]])`, and the angle never changes: that call
# copies the numbers.
# aotlens: Rotation()(torch.randn(5, 2))
class Rotation(nn.Module):
    def __init__(self):
        super().__init__()
        self.angle = nn.Parameter(torch.tensor(0.3))
        self.gain = nn.Parameter(torch.ones(2))

    def forward(self, points):
        cos, sin = torch.cos(self.angle), torch.sin(self.angle)
        matrix = torch.tensor([[cos, -sin], [sin, cos]])
        return points @ matrix * self.gain


# A classifier with one output ends in a softmax over that output: the loss never changes, all gradients are zero.
# aotlens: OneLogit(4)(torch.randn(8, 4))
class OneLogit(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.hidden = nn.Linear(n, n)
        self.out = nn.Linear(n, 1)

    def forward(self, x):
        h = torch.relu(self.hidden(x))
        return F.softmax(self.out(h), dim=1)


# The weights are made binary with `sign`, without a straight-through estimator: they stay as they are.
# aotlens: BinaryConv()(torch.randn(2, 3, 8, 8))
class BinaryConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3, 3, 3))
        self.scale = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x):
        return F.conv2d(x, self.weight.sign(), padding=1) * self.scale


# The residual of a differential equation is trained: the bias of the last layer gets None, though `create_graph` is
# set.
# aotlens: Pinn(8)(torch.rand(16, 1))
class Pinn(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.first = nn.Linear(1, n)
        self.last = nn.Linear(n, 1)

    def forward(self, t):
        t = t.detach().requires_grad_()
        u = self.last(torch.tanh(self.first(t)))
        (slope,) = torch.autograd.grad(u.sum(), t, create_graph=True)
        return slope - t.cos()


# A gradient penalty without `create_graph=True` trains nothing of the critic.
# aotlens: Critic(4)(torch.randn(6, 4))
class Critic(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(n, n), nn.Tanh(), nn.Linear(n, 1))
        self.weight = nn.Parameter(torch.tensor(10.0))

    def forward(self, mixed):
        mixed = mixed.detach().requires_grad_()
        slope = torch.autograd.grad(self.score(mixed).sum(), mixed)[0]
        return self.weight * (slope.norm(dim=1) - 1).square().mean()


# A parameter is joined from two others in forward, and wrapped with `nn.Parameter`: a new leaf in each call.
# aotlens: JoinedInForward(4)(torch.randn(3, 4))
class JoinedInForward(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.shared = nn.Parameter(torch.randn(2, n))
        self.private = nn.Parameter(torch.randn(2, n))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        weight = nn.Parameter(torch.cat([self.shared, self.private]))
        return F.linear(x, weight, self.bias)


# A learned temperature is taken out of its tensor by `item()`: a number has no gradient.
# aotlens: Temperature(6)(torch.randn(3, 6))
class Temperature(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(2.0))
        self.lin = nn.Linear(n, n)

    def forward(self, x):
        return self.lin(x) / self.temperature.item()


# A learned threshold selects points by a comparison: it never moves.
# aotlens: Threshold()(torch.randn(7, 3))
class Threshold(nn.Module):
    def __init__(self):
        super().__init__()
        self.radius = nn.Parameter(torch.tensor(2.0))
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, points):
        inside = points.norm(dim=1) < self.radius
        return torch.where(inside.unsqueeze(1), points * self.scale, points)


# The recurrent weights of an RNN that sees one step at a time, from a state of zeros, get a gradient of zero.
# aotlens: OneStep(4)(torch.randn(3, 1, 4))
class OneStep(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.inner = nn.Linear(n, n, bias=False)
        self.input = nn.Linear(n, n)

    def forward(self, x):
        state = torch.zeros(x.shape[0], x.shape[2])
        for step in x.unbind(1):
            state = torch.tanh(self.input(step) + self.inner(state))
        return state


# Unused experts are kept alive for DDP by adding zero times their sum: their gradient is zero on purpose, so it is a
# hint.
# aotlens: KeptAlive(4)(torch.randn(3, 4))
class KeptAlive(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.expert = nn.Linear(n, n)
        self.idle = nn.Linear(n, n)

    def forward(self, x):
        unused = sum(each.sum() for each in self.idle.parameters())
        return self.expert(x) + 0.0 * unused


# A kernel is computed from learned parameters once, in the constructor: they are never trained.
# aotlens: GaussianBlur(5)(torch.randn(2, 1, 9))
class GaussianBlur(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.sigma = nn.Parameter(torch.tensor(1.5))
        self.gain = nn.Parameter(torch.ones(1))
        distance = torch.arange(size) - size // 2
        kernel = torch.exp(-0.5 * (distance / self.sigma.detach()) ** 2)
        self.register_buffer("kernel", (kernel / kernel.sum()).view(1, 1, -1))

    def forward(self, x):
        return F.conv1d(x, self.kernel, padding="same") * self.gain


# The position table has a row for each position, but only its length is read.
# aotlens: Positions(4, 16)(torch.randn(2, 7, 4))
class Positions(nn.Module):
    def __init__(self, n, longest):
        super().__init__()
        self.table = nn.Parameter(torch.randn(longest, n))
        self.lin = nn.Linear(n, n)

    def forward(self, x):
        steps = torch.arange(x.shape[1]) % len(self.table)
        return self.lin(x) + torch.sin(steps).unsqueeze(-1)


# A hard choice of the best expert by argmax and `one_hot` trains the experts, and not the router.
# aotlens: HardRouter(4, 3)(torch.randn(5, 4))
class HardRouter(nn.Module):
    def __init__(self, n, k):
        super().__init__()
        self.router = nn.Linear(n, k)
        self.experts = nn.Parameter(torch.randn(k, n, n))

    def forward(self, x):
        gate = F.one_hot(self.router(x).softmax(-1).argmax(-1), 3).to(x.dtype)
        return torch.einsum("bk,kij,bj->bi", gate, self.experts, x)


# The magnitude of a complex filter is learned; its phase is dropped by `.real` of a product with a real signal.
# aotlens: ComplexFilter(4)(torch.randn(3, 4))
class ComplexFilter(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.cosine = nn.Parameter(torch.randn(n))
        self.sine = nn.Parameter(torch.randn(n))

    def forward(self, x):
        response = torch.view_as_complex(torch.stack([self.cosine, self.sine], -1))
        return (response * x).real
