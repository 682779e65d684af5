"""State that `forward` keeps, after public reports."""

import functools

import torch
from torch import nn

BALANCE_LOSSES = []
STATS = {}


# Reported: rotary frequencies are cached at the first call; the second `backward` fails, because the learned
# frequencies' graph is cached with them. Right: said where the cache is filled.
# aotlens: CachedRotary(8)(torch.randn(2, 5, 8))
class CachedRotary(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.freqs = nn.Parameter(torch.ones(n))
        self.lin = nn.Linear(n, n)
        self.cached = None

    def forward(self, x):
        if self.cached is None:
            positions = torch.arange(x.shape[1], dtype=x.dtype)
            self.cached = torch.einsum("i,f->if", positions, self.freqs).cos()
        return self.lin(x) * self.cached


# Reported: a mixture of experts appends its balance losses to a list of the file; memory grows with each call until
# somebody clears the list. Right: the list grows, with the graph of each call, and the router's gradient goes that way.
# aotlens: Experts(4)(torch.randn(3, 4))
class Experts(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.router = nn.Linear(n, 2)
        self.out = nn.Linear(n, n)

    def forward(self, x):
        scores = self.router(x).softmax(-1)
        BALANCE_LOSSES.append(scores.mean(0).pow(2).sum())
        return self.out(x)


# Reported: a running total of the loss, `total += loss`, keeps the graphs of all calls. Right: it grows.
# aotlens: RunningTotal(4)(torch.randn(3, 4), torch.randn(3, 4))
class RunningTotal(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.total = 0.0

    def forward(self, x, wanted):
        loss = (self.lin(x) - wanted).pow(2).mean()
        self.total += loss
        return loss


# Reported: a spiking neuron keeps its membrane potential between calls, and training fails at the second batch.
# Right: said at the line that keeps `mem`.
# aotlens: Leaky(4)(torch.randn(3, 4))
class Neuron(nn.Module):
    def __init__(self):
        super().__init__()
        self.mem = torch.zeros(1)

    def forward(self, current):
        self.mem = 0.9 * self.mem + current
        return torch.sigmoid(5 * (self.mem - 1))


class Leaky(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.neuron = Neuron()

    def forward(self, x):
        return self.neuron(self.lin(x))


# Reported as a leak: the activity of a layer is kept, with its graph, for others to look at. Right: it is replaced by
# the next call, and nothing reads it: no warning.
# aotlens: Activity(4)(torch.randn(3, 4))
class Activity(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.activity = None

    def forward(self, x):
        y = self.lin(x).relu()
        self.activity = y
        return y


# Reported: attention maps are collected by a forward hook into a dict of the constructor. Right: kept, replaced by the
# next call: no warning.
# aotlens: HookedMaps(4)(torch.randn(3, 4))
class HookedMaps(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.att = nn.Linear(n, n)
        self.out = nn.Linear(n, n)
        maps = {}

        def keep(module, args, output):
            maps["att"] = output.softmax(-1)

        self.att.register_forward_hook(keep)

    def forward(self, x):
        return self.out(self.att(x))


# Reported as a question: a memory bank is a buffer that is written in place under `no_grad`. Right: the buffer changes,
# carries no graph, and nothing is wrong.
# aotlens: MemoryBank(4)(torch.randn(2, 4))
class MemoryBank(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.register_buffer("queue", torch.randn(8, n))

    def forward(self, x):
        key = self.lin(x)
        scores = key @ self.queue.clone().t()
        with torch.no_grad():
            self.queue[:2] = key
        return scores


# Reported as the right way: the hidden state is kept without its graph, by `.data` and by `detach()`: no warning.
# aotlens: Truncated(4)(torch.randn(2, 5, 4))
class Truncated(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.rnn = nn.LSTM(n, n, batch_first=True)
        self.state = None

    def forward(self, x):
        y, (h, c) = self.rnn(x, self.state)
        self.state = (h.data, c.detach())
        return y


# Reported: keys and values of earlier calls are kept in lists, one of each layer; the second `backward` fails in
# training. Right: said at the two lines that append.
# aotlens: KeysAndValues(4)(torch.randn(2, 3, 4))
class KeysAndValues(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.k = nn.Linear(n, n)
        self.v = nn.Linear(n, n)
        self.keys = []
        self.values = []

    def forward(self, x):
        self.keys.append(self.k(x))
        self.values.append(self.v(x))
        k, v = torch.cat(self.keys, 1), torch.cat(self.values, 1)
        return (x @ k.transpose(1, 2)).softmax(-1) @ v


# Reported: a table that depends on a parameter is made by a cached function. The second `backward` fails.
@functools.lru_cache(maxsize=4)
def table(scale, n):
    return torch.sin(torch.arange(n) * scale)


# aotlens: CachedTable(4)(torch.randn(3, 4))
class CachedTable(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.lin = nn.Linear(n, n)

    def forward(self, x):
        return self.lin(x) + table(self.scale, x.shape[-1])


# Reported: statistics for a logger are put into a dict of the file, with their graph. Right: each call replaces them.
# aotlens: Logged(4)(torch.randn(3, 4))
class Logged(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)

    def forward(self, x):
        y = self.lin(x)
        STATS["norm"] = y.norm()
        STATS.update(
            mean=y.mean(),
            top=y.detach().max(),
        )
        return y


def counting(inner):
    """A wrapper that keeps what it has seen in variables of its own."""
    calls = 0
    last = None

    def call(self, x):
        nonlocal calls, last
        calls += 1
        y = inner(self, x)
        y = y if last is None else y + 0.1 * last
        last = y
        return y

    return call


# Reported: a decorator smooths outputs over calls, in a `nonlocal` variable; the second `backward` fails.
# aotlens: Smoothed(4)(torch.randn(3, 4))
class Smoothed(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)

    @counting
    def forward(self, x):
        return self.lin(x).tanh()


class Meter:
    """A plain object that collects values."""

    def __init__(self):
        self.values = []

    def add(self, value):
        self.values.append(value)


# Reported: a meter of the training loop keeps losses as tensors; memory grows. Right: it grows, at the line in the
# meter that appends.
# aotlens: Metered(4)(torch.randn(3, 4))
class Metered(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.meter = Meter()

    def forward(self, x):
        y = self.lin(x)
        self.meter.add(y.square().mean())
        return y


# Reported: an exponential moving average of the weights is kept as a buffer under `no_grad`. Right: no graph.
# aotlens: Averaged(4)(torch.randn(3, 4))
class Averaged(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.register_buffer("average", torch.zeros(n, n))

    def forward(self, x):
        with torch.no_grad():
            self.average = self.average.lerp(self.lin.weight, 0.1)
        return self.lin(x)


LAST = None


class Memory:
    """What a layer remembers, in slots."""

    __slots__ = ("steps", "value")

    def __init__(self, value):
        self.value = value


def remember(owner, name, value):
    """Keeps a value on a module, for somebody else."""
    setattr(owner, name, value)


# Reported as questions: attention maps on a module that declares none, a `global`, a list that all instances share, an
# object that the call makes, a buffer that the call registers, a helper that sets an attribute. Right: all are known,
# each at its line.
# aotlens: Everywhere(4)(torch.randn(3, 4))
class Everywhere(nn.Module):
    shared = []  # noqa: RUF012  # shared by all instances: that is the point

    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.blocks = nn.ModuleList(Block(n) for _ in range(2))

    def forward(self, x):
        global LAST
        y = self.lin(x)
        self.map = y.softmax(-1)
        LAST = y.mean()
        self.shared[:] = [y.sum()]
        self.memory = Memory(y.detach())
        if not hasattr(self, "scale"):
            self.register_buffer("scale", y.detach().abs().amax())
        remember(self, "norm", y.norm())
        for block in self.blocks:
            y = block(y)
        return y


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)

    def forward(self, x):
        self.out = self.lin(x)
        return self.out


# Reported: the hidden state of a layer is read by the next call, but nothing that was saved is missing: the second
# `backward` works, and goes back through all earlier calls. Right: said so.
# aotlens: Sums(4)(torch.randn(3, 4))
class Sums(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(n))
        self.sum = torch.zeros(n)

    def forward(self, x):
        self.sum = self.sum + x + self.bias
        return self.sum.clone()


# Reported: a table that the constructor computes from a parameter stays as it was, though the parameter is trained.
# Right: no derivative needs what was freed, so that each backward gives a gradient; the table does not follow it.
# aotlens: Steps(4)(torch.randn(3, 4))
class Steps(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.steps = nn.Parameter(torch.ones(n))
        self.table = self.steps.cumsum(0)

    def forward(self, x):
        return x * self.table
