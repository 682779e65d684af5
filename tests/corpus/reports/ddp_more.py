"""Modules whose training under DistributedDataParallel ends with an error that names parameters by number.

DDP counts the parameters that require a gradient, module by module; what each class gets is what DDP itself says.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


# Reported: features of the last layer but one are used, and the last layer's numbers stand in the error.
# Right: the parameters of `layers.2` by name, never used.
# aotlens: LastLayer()(torch.randn(2, 8))
class LastLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

    def forward(self, x):
        features = []
        for layer in self.layers:
            x = layer(x).relu()
            features.append(x)
        return features[-2]


# Reported: a bias that the module itself holds and lends to an unused layer is the first number of the error.
# Right: parameters of the module itself count before those of its layers, and a shared one counts once.
# aotlens: LentBias()(torch.randn(2, 8))
class LentBias(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8, bias=False)
        self.bias = nn.Parameter(torch.zeros(8))
        self.first.bias = self.bias
        self.second = nn.Linear(8, 8)

    def forward(self, x):
        return self.second(x)


# Reported: two predictions are returned, and the loss uses one of them only.
# Right: `target.*` get a gradient from the second output alone, which the loss has to use.
# aotlens: TwoPredictions()(torch.randn(2, 8))
class TwoPredictions(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(8, 8)
        self.source = nn.Linear(8, 2)
        self.target = nn.Linear(8, 2)

    def forward(self, x):
        hidden = self.shared(x).relu()
        return {"source": self.source(hidden), "target": self.target(hidden)}


# Reported: adapters on a frozen model; the number in the error is far below that in `list(model.parameters())`.
# Right: frozen parameters do not count.
# aotlens: Adapted()(torch.randn(2, 8))
class Adapted(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8)).requires_grad_(False)
        self.up = nn.ModuleList([nn.Linear(2, 8, bias=False) for _ in range(2)])
        self.down = nn.ModuleList([nn.Linear(8, 2, bias=False) for _ in range(2)])

    def forward(self, x):
        return self.base[0](x) + self.up[0](self.down[0](x))


# Reported: a router's loss is kept on the module for later. With find_unused_parameters=True the router is "marked as
# ready twice"; without that option and without that loss it "did not receive grad".
# Right: DDP sees what `forward` returns; the parameters reach `self.balance` only.
# aotlens: Routed()(torch.randn(2, 8))
class Routed(nn.Module):
    def __init__(self):
        super().__init__()
        self.expert = nn.Linear(8, 8)
        self.router = nn.Linear(8, 4)

    def forward(self, x):
        self.balance = self.router(x.detach()).softmax(-1).var()
        return self.expert(x)


# Reported: one block is checkpointed twice with use_reentrant=True, "marked as ready twice".
# Right: use_reentrant=False, or static_graph=True.
# aotlens: Checkpointed()(torch.randn(2, 8))
class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(8, 8)
        self.block = nn.Linear(8, 8)

    def forward(self, x):
        x = self.stem(x)
        for _ in range(2):
            x = checkpoint(self.block, x, use_reentrant=True)
        return x


# Reported: names given to _ddp_params_and_buffers_to_ignore still are in the error.
# Right: DDP ignores `spare.weight`, but not `scale`: it looks for a parameter of the module itself as ".scale".
# aotlens: Ignoring()(torch.randn(2, 8))
class Ignoring(nn.Module):
    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(8, 8)
        self.out = nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.ones(8))
        self._ddp_params_and_buffers_to_ignore = ["spare.weight", "scale"]

    def forward(self, x):
        return self.out(x)


# Reported: embeddings are tied to the head, a second head is used under no_grad, and the numbers skip the tied weight.
# Right: `embed.weight` and `head.weight` are one number; `probe.*` are used under no_grad only.
# aotlens: TiedAndProbed()(torch.randint(9, (2, 3)))
class TiedAndProbed(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 8)
        self.probe = nn.Linear(8, 2)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 9, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        x = self.norm(self.embed(ids))
        with torch.no_grad():
            scores = self.probe(x)
        return F.log_softmax(self.head(x), -1), scores


# Reported: a result object of one's own with find_unused_parameters=True, "marked as ready twice".
# Right: DDP finds tensors in tuples, lists, dicts and dataclasses only.
class Result:
    def __init__(self, loss):
        self.loss = loss


# aotlens: Boxed()(torch.randn(2, 8))
class Boxed(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(8, 1)

    def forward(self, x):
        return Result(self.net(x).mean())


# Reported: the number is that of a model around this one, which a debugging run also names.
# Right: the name counts, `encoder.layer.bias` of the wrapped model is `layer.bias` here.
# aotlens: Encoder()(torch.randn(2, 8))
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.pooler = nn.Linear(8, 8)

    def forward(self, x):
        return self.layer(x)


class Wrapper(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Linear(8, 8)
        self.encoder = Encoder()

    def forward(self, x):
        return self.encoder(self.scale(x))
