"""The example of docs/compile.md: a `print` breaks the graph."""

from torch import nn


# aotlens: Pause(4)(torch.randn(8, 4))
class Pause(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = nn.Linear(width, width, bias=False)
        self.outer = nn.Linear(width, width, bias=False)

    def forward(self, x):
        h = x + self.inner(x)
        print("paused")
        return self.outer(h)
