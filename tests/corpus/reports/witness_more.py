import copy
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


# Segments of adapters over a frozen stem are checkpointed with the reentrant variant: those whose input requires no
# gradient get none; the last segment is not checkpointed, and has its gradients.
# aotlens: Segments(4)(torch.randn(3, 4))
class Segments(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.stem = nn.Linear(n, n)
        self.stem.requires_grad_(False)
        self.layers = nn.Sequential(*(nn.Linear(n, n) for _ in range(4)))

    def forward(self, x):
        return checkpoint_sequential(self.layers, 2, self.stem(x), use_reentrant=True)


# The usual remedy: a hook lets the output of the frozen embedding require a gradient, so that the checkpointed block
# has its gradients.
# aotlens: Remedied(16, 4)(torch.randint(16, (2, 3)))
class Remedied(nn.Module):
    def __init__(self, vocab, n):
        super().__init__()
        self.emb = nn.Embedding(vocab, n)
        self.emb.requires_grad_(False)
        self.emb.register_forward_hook(lambda module, args, output: output.requires_grad_(True))
        self.block = nn.Linear(n, n)

    def forward(self, ids):
        return checkpoint(self.block, self.emb(ids), use_reentrant=True)


# A batch norm inside of a checkpoint counts each batch twice: the recomputation in the backward pass counts it again.
# aotlens: CountedTwice(4)(torch.randn(3, 4))
class CountedTwice(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(n, n), nn.BatchNorm1d(n), nn.ReLU())

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=False)


# The momentum copy still requires a gradient, is updated with copy_ under no_grad, and used under no_grad: it gets
# none.
# aotlens: Momentum(4)(torch.randn(3, 4))
class Momentum(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.net = nn.Linear(n, n)
        self.slow = copy.deepcopy(self.net)

    def forward(self, x):
        with torch.no_grad():
            for slow, fast in zip(self.slow.parameters(), self.net.parameters()):
                slow.copy_(slow * 0.9 + fast * 0.1)
            wanted = self.slow(x)
        return F.mse_loss(self.net(x), wanted)


# The same, but the copy is given new data: what shares the old memory is left behind.
# aotlens: MomentumData(4)(torch.randn(3, 4))
class MomentumData(Momentum):
    def forward(self, x):
        for slow, fast in zip(self.slow.parameters(), self.net.parameters()):
            slow.data = slow.data * 0.9 + fast.data * 0.1
        with torch.no_grad():
            wanted = self.slow(x)
        return F.mse_loss(self.net(x), wanted)


# A GAN freezes its critic for the generator's loss, and thaws it at the end of forward: the critic gets no gradient.
# aotlens: FrozenMeanwhile(4)(torch.randn(3, 4))
class FrozenMeanwhile(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.gen = nn.Linear(n, n)
        self.critic = nn.Linear(n, 1)

    def forward(self, z):
        self.critic.requires_grad_(False)
        loss = self.critic(self.gen(z)).mean()
        self.critic.requires_grad_(True)
        return loss


# A hyper network makes the weights of a layer that is called with functional_call: the layer's own weight gets none.
# aotlens: Generated(4)(torch.randn(3, 4))
class Generated(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.inner = nn.Linear(n, n)
        self.hyper = nn.Linear(n, n * n)

    def forward(self, x):
        weight = self.hyper(x.mean(0)).view(4, 4)
        return torch.func.functional_call(self.inner, {"weight": weight}, (x,))


# Layers are skipped at random (layer drop): what was captured need not be what the next call does.
# aotlens: Dropped(4)(torch.randn(3, 4))
class Dropped(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(n, n) for _ in range(6))

    def forward(self, x):
        for layer in self.layers:
            if random.random() < 0.5:
                x = layer(x)
        return x + self.layers[0].weight.sum()


# A hook on a weight masks its gradient, to prune it: it is zero in part, but it is there.
# aotlens: Masked(4)(torch.randn(3, 4))
class Masked(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.lin.weight.register_hook(lambda gradient: gradient * torch.eye(n))

    def forward(self, x):
        return self.lin(x)


class Counted(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, used):
        ctx.used = used
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        ctx.used += 1
        return gradient, None


# The load of each expert is counted in the backward pass, in a buffer.
# aotlens: Load(4)(torch.randn(3, 4))
class Load(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.register_buffer("used", torch.zeros(n))

    def forward(self, x):
        return Counted.apply(self.lin(x), self.used)


# An argument is normalised in place; in training it is a leaf that requires a gradient, and eager refuses.
# aotlens: Normalised()(torch.randn(3, 4, requires_grad=True))
class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        x /= x.norm()
        return x * self.scale


# A recurrent cell returns its own initial state, a parameter, when it is called with no steps.
# aotlens: Initial(4)([])
class Initial(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(n))
        self.cell = nn.Linear(n, n)

    def forward(self, steps):
        state = self.start
        for step in steps:
            state = self.cell(state + step)
        return state
