import torch
import torch.nn.functional as F
from torch import nn


# Reported: only the logits of the last step are used, and memory is that of all of them. The slice of the logits is
# saved by the loss, so that all logits stay alive; sliced before the head, only the last hidden state does.
# aotlens: LastLogits(16, 100)(torch.randn(4, 30, 16), torch.randint(100, (4,)))
class LastLogits(nn.Module):
    def __init__(self, width, words):
        super().__init__()
        self.head = nn.Linear(width, words)

    def forward(self, x, target):
        logits = self.head(x)
        return logits[:, -1].square().sum() + F.cross_entropy(logits[:, -1], target)


# Reported: memory does not fall although one of the chunks is thrown away: the others are views of the same memory.
# aotlens: OneChunk(16)(torch.randn(4, 16))
class OneChunk(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 4 * width)

    def forward(self, x):
        gate, _, _, _ = self.up(x).chunk(4, -1)
        return gate.sigmoid().sum() + gate.sin().sum()


# Reported: `detach()` does not free anything, because the detached tensor is a view. What is saved is a view too.
# aotlens: DetachedPart(16)(torch.randn(8, 16))
class DetachedPart(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.lin = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        h = self.lin(x)
        first = h[0].detach()
        return first * self.scale


# Reported: `expand` seems to cost the memory of all repeats. It costs that of the one row which is repeated.
# aotlens: Expanded(16)(torch.randn(1, 16), torch.randn(64, 16))
class Expanded(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.lin = nn.Linear(width, width)

    def forward(self, x, y):
        row = self.lin(x).expand(64, 16)
        return (row * y.requires_grad_()).sum()


# Reported: both losses of one network are backpropagated apart, and `retain_graph` is needed. The order of the
# statements does not decide which of the losses trains the shared part: both do, and neither alone.
# aotlens: Twice(4)(torch.randn(3, 4))
class Twice(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.trunk = nn.Linear(width, width)
        self.left = nn.Linear(width, 1)
        self.right = nn.Linear(width, 1)

    def forward(self, x):
        right = self.right(self.trunk(x)).mean()
        left = self.left(self.trunk(x).relu() + self.trunk(-x)).mean()
        return {"left": left, "right": right}
