import copy

import torch
import torch.nn.functional as F
from torch import nn


# Reported: the layers of a loop, each with its activation, are in lists in a list, and parameters() lacks them.
# Right: found at the line that makes the layers; no class registers a list of lists.
# aotlens: ListOfLists(4)(torch.randn(3, 4))
class ListOfLists(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.hids = []
        for _ in range(2):
            self.hids.append([nn.Linear(n, n), nn.ReLU()])
        self.out = nn.Linear(n, n)

    def forward(self, x):
        for linear, act in self.hids:
            x = act(linear(x))
        return self.out(x)


# Reported: convolutions in a list stay on the CPU when the model is moved.
# Right: found at the list, which has to be an nn.ModuleList.
# aotlens: Convolutions(4)(torch.randn(2, 4, 8))
class Convolutions(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.convs = [
            nn.Conv1d(n, 1, 3, padding=1),
            nn.Conv1d(n, 1, 5, padding=2),
        ]

    def forward(self, x):
        return torch.cat([conv(x) for conv in self.convs], 1)


# Reported: layers that are not attributes at all: forward makes them, and nothing is learned.
# Right: each is new in each call.
# aotlens: AllInForward(4)(torch.randn(3, 4))
class AllInForward(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def forward(self, x):
        h = nn.Linear(self.n, 8)(x).clamp(min=0)
        return nn.Linear(8, self.n)(h)


# Reported: the cells of an optimizer that is learned are appended to a list, and never change.
# Right: found at the line that makes the cells, with the empty list that has to be an nn.ModuleList.
# aotlens: Cells(4)(torch.randn(3, 4))
class Cells(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.cells = []
        for _ in range(2):
            self.cells.append(nn.GRUCell(n, n))

    def forward(self, x):
        h = torch.zeros_like(x)
        for cell in self.cells:
            h = cell(x, h)
        return h


# Reported: one head for each task, by name, in a dict.
# Right: an nn.ModuleDict.
# aotlens: Heads(4)(torch.randn(3, 4))
class Heads(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.body = nn.Linear(n, n)
        self.heads = {"age": nn.Linear(n, 1), "name": nn.Linear(n, n)}

    def forward(self, x):
        h = self.body(x)
        return {name: head(h) for name, head in self.heads.items()}


# Reported: a lambda holds a layer.
# Right: found at the layer, though no attribute leads to it.
# aotlens: Closure(4)(torch.randn(3, 4))
class Closure(nn.Module):
    def __init__(self, n):
        super().__init__()
        layer = nn.Linear(n, n)
        self.act = lambda x: layer(x).relu()
        self.out = nn.Linear(n, n)

    def forward(self, x):
        return self.out(self.act(x))


# Reported: parameters in a list.
# Right: an nn.ParameterList.
# aotlens: Scales(4)(torch.randn(3, 4))
class Scales(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.scales = [nn.Parameter(torch.ones(n)) for _ in range(3)]

    def forward(self, x):
        for scale in self.scales:
            x = x * scale
        return x


# Reported: a parameter is scaled as it is made, and is no parameter any more.
# Right: the nn.Parameter itself is in no module.
# aotlens: Scaled(4)(torch.randn(3, 4))
class Scaled(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.w = nn.Parameter(torch.randn(n)) * 0.1

    def forward(self, x):
        return self.lin(x) * self.w


# Reported: a tensor with `requires_grad=True` is an attribute, and the optimizer does not know it.
# Right: it has to be an nn.Parameter.
# aotlens: PlainTensor(4)(torch.randn(3, 4))
class PlainTensor(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.w = torch.randn(n, requires_grad=True)

    def forward(self, x):
        return self.lin(x) * self.w


# Reported: copies of a layer are in a list.
# Right: the copies are in no module, the layer itself is.
# aotlens: Copies(4)(torch.randn(3, 4))
class Copies(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.layer = nn.Linear(n, n)
        self.copies = [copy.deepcopy(self.layer) for _ in range(2)]

    def forward(self, x):
        for layer in [self.layer, *self.copies]:
            x = layer(x).relu()
        return x


class Gate:
    """A helper that is no module."""

    def __init__(self, n):
        self.gate = nn.Linear(n, n)

    def __call__(self, x):
        return x * self.gate(x).sigmoid()


# Reported: a helper class that is no nn.Module has a layer.
# Right: found in the helper, with the attribute that holds it.
# aotlens: Helped(4)(torch.randn(3, 4))
class Helped(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.gate = Gate(n)
        self.out = nn.Linear(n, n)

    def forward(self, x):
        return self.out(self.gate(x))


class Part(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.steps = [nn.Linear(n, n)]

    def forward(self, x):
        return self.steps[0](x)


# Reported: the list is in a submodule, of which there are several.
# Right: one finding, at the line of the submodule's class.
# aotlens: Parts(4)(torch.randn(3, 4))
class Parts(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.parts = nn.ModuleList([Part(n), Part(n)])

    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return x


# Reported: a low-rank change of a layer is put into its forward by a closure, and only the layer is trained.
# Right: found at the two layers of the change.
# aotlens: LowRank(4)(torch.randn(3, 4))
class LowRank(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        base, down, up = self.lin.forward, nn.Linear(n, 2), nn.Linear(2, n)
        self.lin.forward = lambda x: base(x) + up(down(x))

    def forward(self, x):
        return self.lin(x)


shared = nn.Linear(4, 4)


# Reported: a layer is a global of the file.
# Right: found where the file makes it.
# aotlens: Global()(torch.randn(3, 4))
class Global(nn.Module):
    def forward(self, x):
        return shared(x)


# --- near misses: none of these is a finding


# aotlens: GivenHidden(nn.Linear(4, 4))(torch.randn(3, 4))
class GivenHidden(nn.Module):
    """A module of another model is kept in a list, so that it is not registered twice."""

    def __init__(self, teacher):
        super().__init__()
        self.teacher = [teacher]
        self.out = nn.Linear(4, 4)

    def forward(self, x):
        return self.out(self.teacher[0](x))


# aotlens: FrozenConstant(4)(torch.randn(3, 4))
class FrozenConstant(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.mask = torch.ones(n)
        self.old = [nn.Linear(n, n).requires_grad_(False)]
        self.out = nn.Linear(n, n)

    def forward(self, x):
        return self.out(self.old[0](x) * self.mask)


# aotlens: Registered(4)(torch.randn(3, 4))
class Registered(nn.Module):
    """A list beside the registration, as an order of the layers."""

    def __init__(self, n):
        super().__init__()
        self.a = nn.Linear(n, n)
        self.b = nn.Linear(n, n)
        self.order = [self.b, self.a]

    def forward(self, x):
        for layer in self.order:
            x = layer(x).relu()
        return x


# aotlens: Forces(4)(torch.randn(3, 4))
class Forces(nn.Module):
    """The derivative for the positions, which become a leaf in forward."""

    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)

    def forward(self, x):
        x = x.detach().requires_grad_()
        energy = self.lin(x).tanh().sum()
        (force,) = torch.autograd.grad(energy, x, create_graph=True)
        return energy, force


# aotlens: Functional(4)(torch.randn(3, 4))
class Functional(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)

    def forward(self, x):
        doubled = {name: 2 * value for name, value in self.lin.named_parameters()}
        return torch.func.functional_call(self.lin, doubled, (x,)) + F.relu(self.lin(x))


# aotlens: GivenTensor(torch.randn(4, requires_grad=True))(torch.randn(3, 4))
class GivenTensor(nn.Module):
    """A tensor that somebody else optimizes."""

    def __init__(self, latent):
        super().__init__()
        self.latent = latent
        self.lin = nn.Linear(4, 4)

    def forward(self, x):
        return self.lin(x * self.latent)
