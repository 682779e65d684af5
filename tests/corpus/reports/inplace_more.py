import torch
import torch.nn.functional as F
from torch import nn


# Reported: an attention decoder adds to one item of a score tensor with `+=`, and backward fails.
# Right: the statement of the loop overwrites what the softmax's derivative needs.
# aotlens: Scores(4)(torch.randn(3, 4))
class Scores(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.score = nn.Linear(n, n)

    def forward(self, x):
        weights = F.softmax(self.score(x), -1)
        for i in range(2):
            weights[:, i] += x[:, i]
        return weights


# Reported: `out = x` was taken for a copy, and the layers after it change both.
# Right: the addition in place is named, and the layer in the same line, whose input it changes.
# aotlens: NoCopy(4)(torch.randn(3, 4))
class NoCopy(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.first = nn.Linear(n, n)
        self.second = nn.Linear(n, n)

    def forward(self, x):
        x = F.relu(self.first(x))
        out = x
        out += self.second(x)
        return out


# Reported: a padded image is fed to a block that begins with an activation in place; its result is needed by an earlier
# instance norm that was given the same tensor.
# Right: the call of the block is what overwrites.
# aotlens: PreActivation(4)(torch.randn(2, 4, 6))
class PreActivation(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.norm = nn.InstanceNorm1d(n, affine=True)
        self.block = nn.Sequential(nn.LeakyReLU(0.2, inplace=True), nn.Conv1d(n, n, 3, padding=1))
        self.lift = nn.Conv1d(n, n, 1)

    def forward(self, x):
        h = self.lift(x)
        skip = self.norm(h)
        return self.block(h) + skip


# Reported: a batch norm of one's own updates its running mean in place, and uses it in the same forward.
# Right: the update of the statistics is named, also if forward runs twice before backward.
# aotlens: OwnNorm(4)(torch.randn(3, 4))
class OwnNorm(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n))
        self.register_buffer("var", torch.ones(n))

    def normed(self, x):
        y = self.scale * x * self.var.rsqrt() * self.var
        self.var.mul_(0.9)
        return y

    def forward(self, x):
        return self.normed(x * self.scale) + self.normed(x)


# Reported: a time loop writes each hidden state into a preallocated tensor that the next step reads.
# Right: the assignment in the loop is both the statement that overwrites and the one that needs the value.
# aotlens: States(4)(torch.randn(5, 3, 4))
class States(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.cell = nn.GRUCell(n, n)

    def forward(self, xs):
        states = torch.zeros(len(xs) + 1, 3, 4)
        for t, x in enumerate(xs):
            states[t + 1] = self.cell(x, states[t])
        return states[1:]


# Reported: rows of an embedding are renormalised in forward, after they were looked up and used.
# Right: the line that renormalises is named, though it runs under `no_grad`.
# aotlens: Renormalised(5, 4)(torch.tensor([0, 2]))
class Renormalised(nn.Module):
    def __init__(self, count, n):
        super().__init__()
        self.table = nn.Parameter(torch.randn(count, n))

    def forward(self, ids):
        distance = (self.table[ids] - self.table.pow(2).sum()).norm(dim=-1)
        with torch.no_grad():
            self.table.div_(self.table.norm(dim=-1, keepdim=True))
        return distance
