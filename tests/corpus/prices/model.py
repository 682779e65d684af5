"""Modules with several outputs."""

from torch import nn


# aotlens: Heads()(torch.randn(4, 8))
class Heads(nn.Module):
    """Two heads on one trunk, and a penalty of the trunk's result."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 16), nn.GELU())
        self.value = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
        self.policy = nn.Linear(16, 5)

    def forward(self, x):
        hidden = self.trunk(x)
        return {
            "value": self.value(hidden),
            "policy": self.policy(hidden).softmax(-1),
            "penalty": hidden.square().mean(),
        }


# aotlens: Layers()(torch.randn(4, 8))
class Layers(nn.Module):
    """All hidden states are returned."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

    def forward(self, x):
        states = []
        for layer in self.layers:
            x = layer(x).relu()
            states.append(x)
        return states


# aotlens: Attention()(torch.randn(2, 4, 8))
class Attention(nn.Module):
    """The weights of an attention are returned beside what it is for."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)

    def forward(self, x):
        query, key, value = self.qkv(self.norm(x)).chunk(3, -1)
        weights = (query @ key.transpose(-1, -2) / 8**0.5).softmax(-1)
        return x + self.out(weights @ value), weights, weights.amax(-1)
