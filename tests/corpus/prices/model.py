"""Modules with several outputs, and each of them with one output detached: what goes is the price of that output."""

from torch import nn


# aotlens: Heads()(torch.randn(4, 8))
class Heads(nn.Module):
    """Two heads on one trunk, and a penalty of the trunk's result."""

    def __init__(self, detached=None):
        super().__init__()
        self.detached = detached
        self.trunk = nn.Sequential(nn.Linear(8, 16), nn.GELU())
        self.value = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
        self.policy = nn.Linear(16, 5)

    def forward(self, x):
        hidden = self.trunk(x)
        found = {
            "value": self.value(hidden),
            "policy": self.policy(hidden).softmax(-1),
            "penalty": hidden.square().mean(),
        }
        return {name: out.detach() if name == self.detached else out for name, out in found.items()}


# aotlens: Layers()(torch.randn(4, 8))
class Layers(nn.Module):
    """All hidden states are returned."""

    def __init__(self, detached=None):
        super().__init__()
        self.detached = detached
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

    def forward(self, x):
        states = []
        for layer in self.layers:
            x = layer(x).relu()
            states.append(x)
        return tuple(state.detach() if number == self.detached else state for number, state in enumerate(states))


# aotlens: Attention()(torch.randn(2, 4, 8))
class Attention(nn.Module):
    """The weights of an attention are returned beside what it is for."""

    def __init__(self, detached=None):
        super().__init__()
        self.detached = detached
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)

    def forward(self, x):
        query, key, value = self.qkv(self.norm(x)).chunk(3, -1)
        weights = (query @ key.transpose(-1, -2) / 8**0.5).softmax(-1)
        found = x + self.out(weights @ value), weights, weights.amax(-1)
        return tuple(each.detach() if number == self.detached else each for number, each in enumerate(found))


# aotlens: HeadsWithout0("value")(torch.randn(4, 8))
class HeadsWithout0(Heads):
    pass


# aotlens: HeadsWithout1("policy")(torch.randn(4, 8))
class HeadsWithout1(Heads):
    pass


# aotlens: HeadsWithout2("penalty")(torch.randn(4, 8))
class HeadsWithout2(Heads):
    pass


# aotlens: LayersWithout0(0)(torch.randn(4, 8))
class LayersWithout0(Layers):
    pass


# aotlens: LayersWithout1(1)(torch.randn(4, 8))
class LayersWithout1(Layers):
    pass


# aotlens: LayersWithout2(2)(torch.randn(4, 8))
class LayersWithout2(Layers):
    pass


# aotlens: AttentionWithout0(0)(torch.randn(2, 4, 8))
class AttentionWithout0(Attention):
    pass


# aotlens: AttentionWithout1(1)(torch.randn(2, 4, 8))
class AttentionWithout1(Attention):
    pass


# aotlens: AttentionWithout2(2)(torch.randn(2, 4, 8))
class AttentionWithout2(Attention):
    pass
