import torch.nn.functional as F
from torch import nn


# aotlens: GatedMLP(64, hidden=256)(torch.randn(2, 16, 64))
class GatedMLP(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.gate = nn.Linear(width, hidden // 2)
        self.down = nn.Linear(hidden, width)

    def forward(self, x):
        x = self.norm(x)
        a = self.up(x)
        g = F.silu(self.gate(x))
        return self.down(a * g)
